#include "analysis/theory/noise_map.h"

#include <algorithm>
#include <limits>

#include "core/math/row_products.h"

namespace farfield {
namespace {

torch::Tensor or_nan(const torch::Tensor& value, const torch::Tensor& has) {
  return torch::where(has, value, torch::full({}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64));
}

}  // namespace

NoiseMap noise_map(const GaussianStats& gaussian, const torch::Tensor& start, const torch::Tensor& end,
                   int64_t most_components) {
  const int64_t shown = std::min(most_components, gaussian.rank());
  const torch::Tensor basis = gaussian.basis.narrow(1, 0, shown), centred = (end - gaussian.mean).contiguous();
  NoiseMap map{(start - gaussian.mean).matmul(basis), centred.matmul(basis), {}, {}};
  const torch::Tensor energy = row_products(centred, centred), has = energy > 0;
  const torch::Tensor outside = (centred - map.amplitude.matmul(basis.t())).contiguous();
  map.share = or_nan(map.amplitude.square() / energy.unsqueeze(1), has.unsqueeze(1));
  map.rest = or_nan(row_products(outside, outside) / energy, has);
  return map;
}

torch::Tensor expected_shares(const GaussianStats& gaussian, double start_sigma, int64_t most_components) {
  const double variance = start_sigma * start_sigma, tail = gaussian.tail;
  const torch::Tensor along = gaussian.mean.matmul(gaussian.basis);
  const torch::Tensor l = gaussian.eigenvalues, energy = l / (l + variance) * (along.square() + variance);
  const auto outside = static_cast<double>(gaussian.dim() - gaussian.rank());
  const torch::Tensor mean_outside = gaussian.mean - gaussian.basis.matmul(along);
  const double rest = tail / (tail + variance) * (mean_outside.square().sum().item<double>() + outside * variance);
  const double total = energy.sum().item<double>() + rest;
  const torch::Tensor shown = energy.narrow(0, 0, std::min(most_components, gaussian.rank()));
  return total > 0 ? shown / total : torch::zeros_like(shown);
}

}  // namespace farfield
