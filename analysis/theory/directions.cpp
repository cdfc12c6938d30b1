#include "analysis/theory/directions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr double kFaint = 1e-4;  // of the first eigenvalue: below it a feature is not looked at unless asked for

std::vector<int64_t> spread_components(int64_t rank, int64_t wanted) {
  std::vector<int64_t> components;
  for (int64_t i = 0; i < wanted; ++i) {
    const double way = wanted > 1 ? static_cast<double>(i) / static_cast<double>(wanted - 1) : 0;
    const auto component = static_cast<int64_t>(std::lround(std::pow(static_cast<double>(rank), way)));
    if (components.empty() || component > components.back()) components.push_back(component);
  }
  return components;
}

void check_components(const std::vector<int64_t>& components, int64_t rank) {
  for (size_t i = 0; i < components.size(); ++i) {
    if (components[i] < 1 || components[i] > rank)
      throw usage_error(fmt::format("component {}: the Gaussian has components 1 to {}", components[i], rank));
    if (std::find(components.begin(), components.begin() + static_cast<std::ptrdiff_t>(i), components[i]) !=
        components.begin() + static_cast<std::ptrdiff_t>(i))
      throw usage_error(fmt::format("component {} is named twice; name it once", components[i]));
  }
}

}  // namespace

Directions choose_directions(const GaussianStats& gaussian, std::vector<int64_t> components, int64_t wanted) {
  if (components.empty()) components = spread_components(std::max<int64_t>(1, rank_above(gaussian, kFaint)), wanted);
  check_components(components, gaussian.rank());
  Directions directions{std::move(components), {}, {}};
  std::vector<torch::Tensor> vectors;
  for (const int64_t component : directions.components) {
    directions.eigenvalues.push_back(gaussian.eigenvalues[component - 1].item<double>());
    vectors.push_back(gaussian.basis.select(1, component - 1));
  }
  directions.vectors = torch::stack(vectors).contiguous();
  return directions;
}

int64_t rank_above(const GaussianStats& gaussian, double part) {
  const torch::Tensor l = gaussian.eigenvalues;
  return (l > part * l[0]).sum().item<int64_t>();
}

}  // namespace farfield
