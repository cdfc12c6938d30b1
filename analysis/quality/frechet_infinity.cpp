#include "analysis/quality/frechet_infinity.h"

#include <algorithm>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/random.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kSizes = 15;

// Ordinary least squares on 1 / N.
void fit_line(FrechetInfinity& result) {
  const auto count = static_cast<double>(result.sizes.size());
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (size_t j = 0; j < result.sizes.size(); ++j) {
    mean_x += 1 / static_cast<double>(result.sizes[j]) / count;
    mean_y += result.distances[j] / count;
  }
  for (size_t j = 0; j < result.sizes.size(); ++j) {
    const double x = 1 / static_cast<double>(result.sizes[j]) - mean_x;
    xx += x * x, xy += x * (result.distances[j] - mean_y);
  }
  result.slope = xy / xx;
  result.value = mean_y - result.slope * mean_x;
}

template <class Order>
FrechetInfinity along(const Tensor& features, const FrechetFactor& reference, const std::vector<int64_t>& sizes,
                      const Order& order) {
  if (sizes.empty() || *std::ranges::min_element(sizes) == *std::ranges::max_element(sizes))
    throw usage_error("FD_infinity takes two different numbers of samples or more");
  FrechetInfinity result;
  result.sizes = sizes;
  for (size_t j = 0; j < sizes.size(); ++j) {
    stop_if_interrupted();
    const Tensor rows = features.index_select(0, order(static_cast<int64_t>(j)).narrow(0, 0, sizes[j]));
    result.distances.push_back(frechet_distance(frechet_factor(rows), reference).value);
  }
  fit_line(result);
  return result;
}

}  // namespace

std::vector<int64_t> frechet_infinity_sizes(int64_t count) {
  const int64_t least = std::min<int64_t>(5000, std::max<int64_t>(count / 10, 2));
  std::vector<int64_t> sizes;
  for (int64_t j = 0; j < kSizes; ++j) sizes.push_back(least + (count - least) * j / (kSizes - 1));
  return sizes;
}

FrechetInfinity frechet_infinity(const Tensor& features, const FrechetFactor& reference,
                                 const std::vector<int64_t>& sizes, const Tensor& permutations) {
  return along(features, reference, sizes, [&](int64_t j) { return permutations[j]; });
}

FrechetInfinity frechet_infinity(const Tensor& features, const FrechetFactor& reference, uint64_t seed) {
  const int64_t count = features.size(0);
  return along(features, reference, frechet_infinity_sizes(count), [&](int64_t j) {
    return torch::randperm(count, keyed_generator({seed, 0x6664696e66, static_cast<uint64_t>(j)}), torch::kInt64);
  });
}

}  // namespace farfield
