#include "models/analytic/analytic_base.h"

#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {

namespace {

constexpr double kSmallestVariance = 1e-300;  // sigma^2 may underflow; 0 / 0 must not happen

int64_t elements(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

torch::Tensor AnalyticDenoiser::log_density(const torch::Tensor& x, double sigma) const {
  const int64_t dim = elements(info().sample_shape);
  if (x.dim() < 1 || x.numel() != x.size(0) * dim) {
    throw usage_error(fmt::format("{}: log_density got {} values for {} samples, expected {} a sample", info().name,
                                  x.numel(), x.dim() < 1 ? 0 : x.size(0), dim));
  }
  if (!(sigma > 0 && std::isfinite(sigma))) {
    throw usage_error(fmt::format("{}: log_density at sigma = {}, expected a finite value > 0", info().name, sigma));
  }
  return log_density_of_rows(x.reshape({x.size(0), dim}).to(torch::kFloat64), sigma);
}

AnalyticBase::AnalyticBase(std::string kind, std::string name, std::vector<int64_t> shape, int64_t dim,
                           double total_variance) {
  if (elements(shape) != dim) {
    throw usage_error(
        fmt::format("{}: the sample shape has {} elements, the statistics {} dimensions", name, elements(shape), dim));
  }
  info_.name = std::move(name);
  info_.kind = std::move(kind);
  info_.sample_shape = std::move(shape);
  info_.sigma_data = std::sqrt(total_variance / static_cast<double>(dim));
}

torch::Tensor AnalyticBase::denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&) const {
  const auto dtype = x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const auto rows = x.reshape({x.size(0), -1}).to(dtype);
  const auto variance = sigma.to(torch::kFloat64).square().clamp_min(kSmallestVariance).unsqueeze(1);
  return denoise_rows(rows, variance).to(x.scalar_type()).reshape(x.sizes());
}

}  // namespace farfield
