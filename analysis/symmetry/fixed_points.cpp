#include "analysis/symmetry/fixed_points.h"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>

#include "analysis/symmetry/krylov.h"
#include "core/interrupts.h"
#include "models/analytic/analytic.h"

namespace farfield {
namespace {

double length(const torch::Tensor& v) { return v.norm().item<double>(); }

double relative_residual(const torch::Tensor& residual, const torch::Tensor& x, double sigma) {
  return length(residual) / (length(x) + sigma / std::hypot(1, sigma));
}

}  // namespace

double fixed_point_gain(double sigma) { return (2 + sigma * sigma) / (2 * (1 + sigma * sigma)); }

double sde_eigenvalue(double denoiser_eigenvalue, double sigma) {
  return 0.5 + (denoiser_eigenvalue - 1) * (1 + sigma * sigma) / (sigma * sigma);
}

double ode_eigenvalue(double denoiser_eigenvalue, double sigma) {
  return 0.5 + (denoiser_eigenvalue - 1) * (1 + sigma * sigma) / (2 * sigma * sigma);
}

PointDenoiser::PointDenoiser(const Denoiser& denoiser, torch::Tensor label, torch::Device device, double step)
    : denoiser_(denoiser),
      label_(std::move(label)),
      device_(device),
      step_(step),
      dim_(c10::multiply_integers(denoiser.info().sample_shape)) {}

torch::Tensor PointDenoiser::rows(const torch::Tensor& x, double sigma) const {
  stop_if_interrupted();
  const torch::NoGradGuard no_gradients;
  std::vector<int64_t> shape = denoiser_.info().sample_shape;
  shape.insert(shape.begin(), x.size(0));
  const torch::Tensor labels = label_.defined() ? label_.expand({x.size(0), -1}) : torch::Tensor();
  evaluations_ += x.size(0);
  return denoiser_(x.view(shape).to(device_), sigma, labels).to(torch::kCPU, torch::kFloat64).reshape(x.sizes());
}

torch::Tensor PointDenoiser::operator()(const torch::Tensor& x, double sigma) const {
  return rows(x.unsqueeze(0), sigma)[0];
}

torch::Tensor PointDenoiser::jacobian_product(const torch::Tensor& x, double sigma, const torch::Tensor& v) const {
  const double size = length(v);
  if (size == 0) return torch::zeros_like(v);
  const double h = step_ * sigma / size;
  const torch::Tensor both = rows(torch::stack({x + h * v, x - h * v}), sigma);
  return (both[0] - both[1]) / (2 * h);
}

FixedPointOptions fixed_point_options(const Denoiser& denoiser) {
  if (dynamic_cast<const AnalyticDenoiser*>(&denoiser) != nullptr) return {};
  return {1e-2, 1e-3, 6, 12, 1e-2, 1, 30, 2e-2};
}

FixedPoint newton_fixed_point(const PointDenoiser& denoiser, double sigma, const torch::Tensor& start,
                              const FixedPointOptions& options) {
  const double gain = fixed_point_gain(sigma);
  const auto residual_at = [&](const torch::Tensor& x) { return denoiser(x, sigma) - gain * x; };
  FixedPoint point{.sigma = sigma, .x = start};
  torch::Tensor residual = residual_at(point.x);
  point.residual = relative_residual(residual, point.x, sigma);
  for (int n = 0; n < options.newton_steps && point.residual > options.tolerance; ++n) {
    const double forcing = std::clamp(std::max(point.residual, options.tolerance / (2 * point.residual)), 1e-6, 0.1);
    const torch::Tensor step = solve_gmres([&](const torch::Tensor& v) {
      return denoiser.jacobian_product(point.x, sigma, v) - gain * v;
    }, -residual, options.krylov, forcing);
    bool better = false;
    for (double damping = 1; damping > 0.1 && !better; damping /= 2) {
      const torch::Tensor next = point.x + damping * step, left = residual_at(next);
      const double size = relative_residual(left, next, sigma);
      better = size < point.residual;
      if (better) point.x = next, residual = left, point.residual = size;
    }
    if (!better) break;
  }
  point.converged = point.residual <= options.tolerance;
  return point;
}

void add_eigenvalue(const PointDenoiser& denoiser, const torch::Tensor& before, const FixedPointOptions& options,
                    FixedPoint& point) {
  const KrylovEigen eigen = krylov_eigen([&](const torch::Tensor& v) {
    return denoiser.jacobian_product(point.x, point.sigma, v);
  }, before, options.krylov, std::max(1e-8, options.tolerance));
  point.denoiser_eigenvalue = eigen.value;
  point.direction = eigen.vector.dot(before).item<double>() < 0 ? -eigen.vector : eigen.vector;
}

std::vector<FixedPoint> settled_points(const PointDenoiser& denoiser, double sigma, const torch::Tensor& starts,
                                       const FixedPointOptions& options) {
  const double gain = fixed_point_gain(sigma);
  torch::Tensor x = starts;
  std::vector<FixedPoint> points(static_cast<size_t>(starts.size(0)));
  for (int n = 0; n < options.settle_steps; ++n) {
    const torch::Tensor denoised = denoiser.rows(x, sigma);
    bool all = true;
    for (int64_t i = 0; i < x.size(0); ++i) {
      const double residual = relative_residual(denoised[i] - gain * x[i], x[i], sigma);
      const bool converged = residual <= options.tolerance;
      points[static_cast<size_t>(i)] = {
          .sigma = sigma, .x = x[i].clone(), .residual = residual, .converged = converged};
      all = all && converged;
    }
    if (all) break;
    x = denoised / gain;
  }
  for (FixedPoint& point : points) {
    if (!point.converged) point = newton_fixed_point(denoiser, sigma, point.x, options);
  }
  return points;
}

}  // namespace farfield
