#include "models/smoothing/line_means.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace farfield {
namespace {

constexpr int kWidths = 64;  // that are tried before the best is refined
constexpr double kRefined = 1e-9;
constexpr double kGolden = 0.6180339887498949;

}  // namespace

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

LineMean LineMeans::least_smoothed(double x, double t, double tau) const {
  if (tau == 0 || points_.size() == 1) return mean(x, t);
  const double side = mean(x, t).denoised < x ? -1 : 1;
  const auto length = [&](double share) { return side * (smoothed(x, t, share * tau).denoised - x); };
  int best = 0;
  double least = length(0);
  for (int i = 1; i <= kWidths; ++i) {
    const double here = length(static_cast<double>(i) / kWidths);
    if (here <= least) best = i, least = here;
  }
  double low = std::max(best - 1.0, 0.0) / kWidths, high = std::min(best + 1.0, 1.0 * kWidths) / kWidths;
  while (least > 0 && high - low > kRefined && best < kWidths) {
    const double first = high - kGolden * (high - low), second = low + kGolden * (high - low);
    const double at_first = length(first), at_second = length(second);
    least = std::min({least, at_first, at_second});
    (at_first < at_second ? high : low) = at_first < at_second ? second : first;
  }
  if (least <= 0) return {x, 1};
  return smoothed(x, t, best == kWidths ? tau : tau * (low + high) / 2);
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
