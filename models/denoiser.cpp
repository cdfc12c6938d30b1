#include "models/denoiser.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/autograd.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

std::string text_of(torch::IntArrayRef shape) { return "[" + join(shape, ",") + "]"; }

void check_input(const DenoiserInfo& info, const Tensor& x) {
  const std::string expected = text_of(info.sample_shape);
  check(x.defined() && x.dim() == static_cast<int64_t>(info.sample_shape.size()) + 1 &&
            x.sizes().slice(1) == torch::IntArrayRef(info.sample_shape),
        fmt::format("{}: x must be a batch of {}, got {}", info.name, expected,
                    x.defined() ? text_of(x.sizes()) : "nothing"));
  check(x.size(0) > 0, fmt::format("{}: an empty batch", info.name));
  check(x.is_floating_point(),
        fmt::format("{}: x must be floating point, got {}", info.name, toString(x.scalar_type())));
}

// float64 [B] on x's device.
Tensor checked_sigma(const DenoiserInfo& info, const Tensor& sigma, const Tensor& x) {
  check(sigma.defined() && (sigma.numel() == 1 || (sigma.dim() == 1 && sigma.size(0) == x.size(0))),
        fmt::format("{}: sigma must be one number or [{}], got {}", info.name, x.size(0),
                    sigma.defined() ? text_of(sigma.sizes()) : "nothing"));
  const Tensor values = sigma.detach().to(torch::kCPU, torch::kFloat64).reshape({-1}).contiguous();
  const double* value = values.const_data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    if (!(value[i] > 0) || !std::isfinite(value[i])) {
      throw usage_error(fmt::format("{}: sigma must be in (0, inf), got {} for sample {}", info.name, value[i], i));
    }
  }
  return sigma.to(x.device(), torch::kFloat64).reshape({-1}).expand({x.size(0)});
}

void check_labels(const DenoiserInfo& info, const Tensor& labels, const Tensor& x) {
  if (!labels.defined()) return;
  if (info.label_dim == 0) throw usage_error(info.name + ": takes no labels, but labels were given");
  if (labels.dim() != 2 || labels.size(0) != x.size(0) || labels.size(1) != info.label_dim) {
    throw usage_error(fmt::format("{}: labels must be [{},{}], got {}", info.name, x.size(0), info.label_dim,
                                  text_of(labels.sizes())));
  }
}

void check_direction(const DenoiserInfo& info, const Tensor& v, const Tensor& x) {
  check(v.defined() && v.is_floating_point() && v.sizes() == x.sizes(),
        fmt::format("{}: v must be floating point {}, got {}", info.name, text_of(x.sizes()),
                    v.defined() ? text_of(v.sizes()) : "nothing"));
}

// One reduction in the good case: a sum of finite values that is not finite is looked at value by value.
bool all_finite(const Tensor& x) {
  return std::isfinite(x.detach().sum(torch::kFloat64).item<double>()) || x.isfinite().all().item<bool>();
}

void check_output(const DenoiserInfo& info, const Tensor& x, const Tensor& sigma, const Tensor& denoised) {
  check(denoised.defined() && denoised.sizes() == x.sizes() && denoised.scalar_type() == x.scalar_type() &&
            denoised.device() == x.device(),
        info.name + ": the result differs from x in shape, dtype or device");
  if (all_finite(denoised) || !all_finite(x)) return;
  const Tensor bad = denoised.isfinite().reshape({x.size(0), -1}).all(1).logical_not();
  const int64_t sample = bad.to(torch::kInt64).argmax().item<int64_t>();
  throw numeric_error(
      fmt::format("{}: D(x; sigma) is not finite at sigma {:g} for sample {} of {} (x is finite, |x| <= "
                  "{:g})",
                  info.name, sigma[sample].item<double>(), sample, x.size(0), x[sample].abs().max().item<double>()));
}

}  // namespace

Tensor Denoiser::operator()(const Tensor& x, const Tensor& sigma, const Tensor& labels) const {
  check_input(info(), x);
  const Tensor levels = checked_sigma(info(), sigma, x);
  check_labels(info(), labels, x);
  Tensor denoised = denoise(x, levels, labels);
  check_output(info(), x, levels, denoised);
  return denoised;
}

Tensor Denoiser::operator()(const Tensor& x, double sigma, const Tensor& labels) const {
  return (*this)(x, torch::full({1}, sigma, torch::kFloat64), labels);
}

Denoiser::Pullback Denoiser::vector_jacobian(const Tensor& x, const Tensor& sigma, const Tensor& v,
                                             const Tensor& labels) const {
  check_input(info(), x);
  const Tensor levels = checked_sigma(info(), sigma, x);
  check_labels(info(), labels, x);
  check_direction(info(), v, x);
  Pullback result = pull_back(x.detach(), levels, labels, v.detach().to(x.options()));
  check_output(info(), x, levels, result.denoised);
  check_output(info(), x, levels, result.product);
  return result;
}

Denoiser::Pullback Denoiser::vector_jacobian(const Tensor& x, double sigma, const Tensor& v,
                                             const Tensor& labels) const {
  return vector_jacobian(x, torch::full({1}, sigma, torch::kFloat64), v, labels);
}

Denoiser::Linearised Denoiser::linearised(const Tensor& x, const Tensor& sigma, const Tensor& labels) const {
  check_input(info(), x);
  const Tensor levels = checked_sigma(info(), sigma, x);
  check_labels(info(), labels, x);
  Linearised result = linearise(x.detach(), levels, labels);
  check_output(info(), x, levels, result.denoised);
  result.times = [this, x, levels, times = std::move(result.times)](const Tensor& v) {
    check_direction(info(), v, x);
    Tensor product = times(v.detach().to(x.options()));
    check_output(info(), x, levels, product);
    return product;
  };
  return result;
}

Denoiser::Linearised Denoiser::linearised(const Tensor& x, double sigma, const Tensor& labels) const {
  return linearised(x, torch::full({1}, sigma, torch::kFloat64), labels);
}

Denoiser::Linearised Denoiser::linearise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const {
  const auto [point, denoised] = with_graph(x, sigma, labels);
  return {denoised.detach(), [point = point, denoised = denoised](const Tensor& v) {
    return torch::autograd::grad({denoised}, {point}, {v}, /*retain_graph=*/true)[0];
  }};
}

Denoiser::Linearised Denoiser::by_pull_back(const Tensor& x, const Tensor& sigma, const Tensor& labels) const {
  const torch::NoGradGuard no_gradients;
  return {denoise(x, sigma, labels),
          [this, x, sigma, labels](const Tensor& v) { return pull_back(x, sigma, labels, v).product; }};
}

Denoiser::Graph Denoiser::with_graph(const Tensor& x, const Tensor& sigma, const Tensor& labels) const {
  const torch::AutoGradMode with_gradients(true);
  Graph graph{x.detach().requires_grad_(true), {}};
  graph.denoised = denoise(graph.point, sigma, labels);
  if (!graph.denoised.requires_grad()) {
    throw usage_error(
        fmt::format("{}: has no gradient, and v^T dD/dx was asked for; it needs a model that is "
                    "differentiable",
                    info().name));
  }
  return graph;
}

Denoiser::Pullback Denoiser::pull_back(const Tensor& x, const Tensor& sigma, const Tensor& labels,
                                       const Tensor& v) const {
  const auto [point, denoised] = with_graph(x, sigma, labels);
  return {denoised.detach(), torch::autograd::grad({denoised}, {point}, {v})[0]};
}

DenoiseFn Denoiser::bind(Tensor labels) const {
  return [this, labels = std::move(labels)](const Tensor& x, double sigma) { return (*this)(x, sigma, labels); };
}

Tensor score(const Denoiser& denoiser, const Tensor& x, double sigma, const Tensor& labels) {
  return (denoiser(x, sigma, labels) - x) / (sigma * sigma);
}

}  // namespace farfield
