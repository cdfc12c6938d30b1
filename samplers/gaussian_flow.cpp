#include "samplers/gaussian_flow.h"

#include <cmath>
#include <functional>

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

using Factor = std::function<double(double variance)>;

void check_size(const GaussianStats& stats, const torch::Tensor& x) {
  if (x.dim() < 1 || x.numel() != x.size(0) * stats.dim()) {
    throw usage_error(
        fmt::format("Gaussian of {} dimensions, but samples of shape {}: fit it to the data of this model", stats.dim(),
                    c10::str(x.sizes())));
  }
}

// m + U diag(f(l)) U^T (x - m) + f(tail) (I - U U^T) (x - m), as the sum of f(tail) (x - m) and a low-rank update.
torch::Tensor scale_modes(const GaussianStats& stats, const torch::Tensor& x, const Factor& factor) {
  check_size(stats, x);
  const auto on_device = [&](const torch::Tensor& t) { return t.to(x.device(), torch::kFloat64); };
  auto factors = stats.eigenvalues.to(torch::kCPU, torch::kFloat64).clone();
  auto values = factors.accessor<double, 1>();
  for (int64_t i = 0; i < values.size(0); ++i) values[i] = factor(values[i]);
  const double rest = factor(stats.tail);

  const auto mean = on_device(stats.mean), basis = on_device(stats.basis);
  const auto centred = on_device(x).flatten(1) - mean;
  const auto modes = centred.matmul(basis).mul_(on_device(factors - rest));
  return torch::addmm(mean + centred * rest, modes, basis.t()).view(x.sizes()).to(x.dtype());
}

void check_levels_of(double from, double to) {
  check(std::isfinite(from) && from > 0 && std::isfinite(to) && to >= 0, "gaussian_flow: needs from > 0 and to >= 0");
}

}  // namespace

torch::Tensor gaussian_flow(const GaussianStats& stats, const torch::Tensor& x, double from, double to) {
  check_levels_of(from, to);
  return scale_modes(stats, x, [&](double l) { return std::sqrt((to * to + l) / (from * from + l)); });
}

torch::Tensor gaussian_flow_denoised(const GaussianStats& stats, const torch::Tensor& x, double from, double to) {
  check_levels_of(from, to);
  return scale_modes(stats, x,
                     [&](double l) { return l > 0 ? l / std::sqrt((to * to + l) * (from * from + l)) : 0.0; });
}

torch::Tensor gaussian_draw(const GaussianStats& stats, const torch::Tensor& normals) {
  check_size(stats, normals);
  const auto mean = stats.mean.to(normals.device(), torch::kFloat64).view(normals.sizes().slice(1));
  return scale_modes(stats, normals.to(torch::kFloat64) + mean, [](double l) {
    return std::sqrt(l);
  }).to(normals.dtype());
}

torch::Tensor gaussian_denoised(const GaussianStats& stats, const torch::Tensor& x, double sigma) {
  return gaussian_flow_denoised(stats, x, sigma, sigma);
}

}  // namespace farfield
