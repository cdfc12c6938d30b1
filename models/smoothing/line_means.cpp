#include "models/smoothing/line_means.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace farfield {

LineMeans::LineMeans(std::vector<double> points, std::vector<double> counts)
    : points_(std::move(points)), counts_(std::move(counts)), reach_(points_.back() - points_.front()) {
  check(points_.size() == counts_.size() && std::ranges::is_sorted(points_), "LineMeans: rising points, each counted");
}

LineMean LineMeans::mean(double x, double t) const {
  double nearest = points_[0];
  for (const double y : points_) {
    if (std::abs(x - y) < std::abs(x - nearest)) nearest = y;
  }
  double sum = 0, first = 0, second = 0;  // of weights relative to the nearest point, and of steps from it
  for (size_t k = 0; k < points_.size(); ++k) {
    const double step = points_[k] - nearest;
    const double exponent = std::min(step * (2 * (x - nearest) - step), 0.0);  // rounding must not favour another point
    const double weight = counts_[k] * std::exp(exponent / (2 * t));
    sum += weight, first += weight * step, second += weight * step * step;
  }
  const double shift = first / sum;
  return {nearest + shift, std::max(second / sum - shift * shift, 0.0) / t};
}

// With c the centre and d_k = y_k - c, log p_t(u) is -(u - c)^2 / (2 t) + A(u) and a constant, A(u) = log sum_k n_k
// exp(((u - c) d_k - d_k^2 / 2) / t). Returns t (A(x + tau) - A(x - tau)).
double LineMeans::difference_of_log_sums(double x, double t, double tau, double centre) const {
  const auto value = [&](size_t k, double u) {
    const double step = points_[k] - centre;
    return (u - centre) * step - step * step / 2;
  };
  double high[2] = {value(0, x - tau), value(0, x + tau)};
  for (size_t k = 1; k < points_.size(); ++k) {
    high[0] = std::max(high[0], value(k, x - tau)), high[1] = std::max(high[1], value(k, x + tau));
  }
  double sum[2] = {0, 0}, growth = 0;
  const bool near = 2 * tau * reach_ < t;  // no logarithm of a ratio, but of one plus what it grows by
  for (size_t k = 0; k < points_.size(); ++k) {
    const double weight = counts_[k] * std::exp((value(k, x - tau) - high[0]) / t);
    sum[0] += weight;
    sum[1] += counts_[k] * std::exp((value(k, x + tau) - high[1]) / t);
    if (near) growth += weight * std::expm1(2 * tau * (points_[k] - centre) / t);
  }
  return near ? t * std::log1p(growth / sum[0]) : high[1] - high[0] + t * (std::log(sum[1]) - std::log(sum[0]));
}

LineMean LineMeans::smoothed(double x, double t, double tau) const {
  if (tau == 0 || points_.size() == 1) return mean(x, t);
  const double centre = mean(x, t).denoised;
  const double below = mean(x - tau, t).denoised, above = mean(x + tau, t).denoised;
  return {centre + difference_of_log_sums(x, t, tau, centre) / (2 * tau), (above - below) / (2 * tau)};
}

LineMean piecewise_mean(const EvenGrid& grid, double x, double tau) {
  if (grid.points == 1) return {grid.first, 0};
  const double delta = grid.half_gap(), gaps = static_cast<double>(grid.points - 1);
  const double gap = std::clamp(std::floor((x - grid.first) / (2 * delta)), 0.0, gaps - 1);
  const auto point = [&](double k) { return k == gaps ? grid.last : grid.first + 2 * delta * k; };
  const double low = point(gap), high = point(gap + 1), middle = (low + high) / 2;
  if (tau > 0 && std::abs(x - middle) <= tau) return {x + (delta - tau) * (x - middle) / tau, delta / tau};
  return {x <= middle ? low : high, 0};
}

}  // namespace farfield
