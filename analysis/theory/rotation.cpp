#include "analysis/theory/rotation.h"

#include <cmath>
#include <functional>
#include <limits>

#include "core/error.h"
#include "core/math/row_products.h"

namespace farfield {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const double kPrinted = 1 - std::sqrt(0.5);

double noise_of(double alpha) { return std::sqrt((1 - alpha) * (1 + alpha)); }

// d J / d phi with alpha = cos(phi), s = sin(phi).
double deficit_slope(double eigenvalue, double phi) {
  const double alpha = std::cos(phi), s = std::sin(phi), root = std::sqrt(eigenvalue);
  return (1 - eigenvalue) * alpha * s / std::hypot(s, root * alpha) + root * s - alpha;
}

// sum_k f(l_k) / d over all directions, those outside the basis included.
double mean_over_directions(const GaussianStats& gaussian, const std::function<double(double eigenvalue)>& value) {
  const torch::Tensor values = gaussian.eigenvalues.contiguous();
  const double* eigenvalues = values.const_data_ptr<double>();
  double sum = 0;
  for (int64_t k = 0; k < values.size(0); ++k) sum += value(eigenvalues[k]);
  const int64_t outside = gaussian.dim() - gaussian.rank();
  if (outside > 0 && gaussian.tail > 0) sum += static_cast<double>(outside) * value(gaussian.tail);
  return sum / static_cast<double>(gaussian.dim());
}

torch::Tensor ratio(const torch::Tensor& part, const torch::Tensor& whole) {
  return torch::where(whole > 0, part / whole, torch::full({}, kNan, torch::kFloat64));
}

}  // namespace

double rotation_deficit(double eigenvalue, double alpha) {
  const double s = noise_of(alpha), signal = alpha * std::sqrt(eigenvalue);
  const double sum = std::hypot(s, signal) + signal + s;
  return sum > 0 ? -2 * s * signal / sum : 0;
}

LeastDeficit least_rotation_deficit(double eigenvalue) {
  if (eigenvalue <= 0) return {1, 0};
  double low = 0, high = std::acos(0.0);
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (deficit_slope(eigenvalue, middle) < 0 ? low : high) = middle;
  }
  return {std::cos(low), rotation_deficit(eigenvalue, std::cos(low))};
}

double deficit_bound(double eigenvalue) { return std::sqrt(eigenvalue / (1 + eigenvalue)); }

double printed_deficit_bound(double eigenvalue) { return 2 * kPrinted * deficit_bound(eigenvalue); }

double rotation_remainder(double eigenvalue, NoiseScale at, NoiseScale start) {
  const double start_spread = std::hypot(start.s, std::sqrt(eigenvalue) * start.alpha), noise = at.s / start.s;
  return std::hypot(at.s, std::sqrt(eigenvalue) * at.alpha) / start_spread - noise -
         (at.alpha - start.alpha * noise) * std::sqrt(eigenvalue) / start_spread;
}

double expected_rotation_error(const GaussianStats& gaussian, double alpha) {
  return mean_over_directions(gaussian, [&](double l) { return std::pow(rotation_deficit(l, alpha), 2); });
}

double rotation_error_bound(const GaussianStats& gaussian) {
  return mean_over_directions(gaussian, [](double l) { return l / (1 + l); });
}

double printed_rotation_bound(const GaussianStats& gaussian) {
  return mean_over_directions(gaussian, [](double l) { return l > 0 ? kPrinted * kPrinted : 0; });
}

RotationPlane rotation_plane(const torch::Tensor& states, const torch::Tensor& x0, const std::vector<double>& alphas) {
  check(states.dim() == 3 && states[0].sizes() == x0.sizes() && states.size(0) == static_cast<int64_t>(alphas.size()),
        "rotation_plane: states [L, n, d], x0 [n, d], L alphas");
  constexpr double kParallel = 1e-12;  // what rounding leaves of x_0 once its part along x_T is taken away
  const torch::Tensor start = states[0].contiguous(), start_norm = row_norms(start), end = x0.contiguous();
  const auto unit = [](const torch::Tensor& rows, const torch::Tensor& norms) {
    return torch::where((norms > 0).unsqueeze(1), rows / norms.unsqueeze(1), torch::zeros_like(rows));
  };
  const torch::Tensor e1 = unit(start, start_norm);
  const torch::Tensor once = end - e1 * row_products(end, e1).unsqueeze(1);
  const torch::Tensor rest = once - e1 * row_products(once, e1).unsqueeze(1), rest_norm = row_norms(rest);
  const torch::Tensor e2 = unit(
      rest, torch::where(rest_norm > kParallel * row_norms(end), rest_norm, torch::zeros_like(rest_norm)));
  std::vector<torch::Tensor> coordinates, share, residual, error;
  for (size_t n = 0; n < alphas.size(); ++n) {
    const torch::Tensor x = states[static_cast<int64_t>(n)].contiguous();
    const torch::Tensor along = row_products(x, e1), across = row_products(x, e2);
    coordinates.push_back(torch::stack({along, across}, 1));
    share.push_back(ratio(along.square() + across.square(), row_products(x, x)));
    residual.push_back(row_norms(x - end * alphas[n] - start * noise_of(alphas[n])));
    error.push_back(ratio(residual.back().square(), start_norm.square()));
  }
  return {torch::stack(coordinates, 1), torch::stack(share, 1), torch::stack(residual, 1), torch::stack(error, 1)};
}

}  // namespace farfield
