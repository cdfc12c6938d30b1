#include "models/analytic/analytic_base.h"

#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {

namespace {

int64_t elements(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

torch::Tensor variance_of(const torch::Tensor& sigma) {
  return sigma.to(torch::kFloat64).square().clamp_min(kSmallestVariance).unsqueeze(1);
}

}  // namespace

void check_density_input(const DenoiserInfo& info, const torch::Tensor& x, double sigma) {
  const int64_t dim = elements(info.sample_shape);
  if (x.dim() < 1 || x.numel() != x.size(0) * dim) {
    throw usage_error(fmt::format("{}: log_density got {} values for {} samples, expected {} a sample", info.name,
                                  x.numel(), x.dim() < 1 ? 0 : x.size(0), dim));
  }
  if (!(sigma > 0 && std::isfinite(sigma))) {
    throw usage_error(fmt::format("{}: log_density at sigma = {}, expected a finite value > 0", info.name, sigma));
  }
}

torch::Tensor AnalyticDenoiser::log_density(const torch::Tensor& x, double sigma) const {
  check_density_input(info(), x, sigma);
  return log_density_of_rows(x.reshape({x.size(0), elements(info().sample_shape)}).to(torch::kFloat64), sigma);
}

AnalyticDenoiser::Traced AnalyticDenoiser::with_trace(const torch::Tensor& x, const torch::Tensor& sigma) const {
  check(x.defined() && x.dim() > 0 && x.numel() == x.size(0) * elements(info().sample_shape) && x.is_floating_point() &&
            sigma.defined() && sigma.dim() == 1 && sigma.size(0) == x.size(0),
        info().name + ": with_trace() wants states and a noise level for each");
  const torch::NoGradGuard no_gradients;
  return trace_states(x, sigma.to(x.device(), torch::kFloat64));
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

torch::Tensor AnalyticBase::rows_of(const torch::Tensor& x) {
  return x.reshape({x.size(0), -1}).to(x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
}

torch::Tensor AnalyticBase::denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&) const {
  return denoise_rows(rows_of(x), variance_of(sigma)).to(x.scalar_type()).reshape(x.sizes());
}

Denoiser::Pullback AnalyticBase::pull_back(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&,
                                           const torch::Tensor& v) const {
  const torch::NoGradGuard no_gradients;
  const Pullback rows = pull_back_rows(rows_of(x), variance_of(sigma), rows_of(v));
  const auto like_x = [&](const torch::Tensor& values) { return values.to(x.scalar_type()).reshape(x.sizes()); };
  return {like_x(rows.denoised), like_x(rows.product)};
}

AnalyticDenoiser::Traced AnalyticBase::trace_states(const torch::Tensor& x, const torch::Tensor& sigma) const {
  const Traced rows = trace_rows(rows_of(x), variance_of(sigma));
  return {rows.denoised.to(x.scalar_type()).reshape(x.sizes()), rows.trace};
}

}  // namespace farfield
