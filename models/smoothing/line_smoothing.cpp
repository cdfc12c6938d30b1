#include "models/smoothing/line_smoothing.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr double kEvenness = 1e-9;
constexpr int kPanels = 4096;  // of Simpson's rule between two breaks
constexpr double kTails = 12;  // standard deviations beyond the outer points: p is below 1e-31 there

double upper_tail(double u) { return std::erfc(u / std::numbers::sqrt2) / 2; }

double normal_density(double u) { return std::exp(-u * u / 2) / std::sqrt(2 * std::numbers::pi); }

double integral_between(const std::function<double(double)>& f, double low, double high) {
  const double step = (high - low) / kPanels;
  double ends = f(low) + f(high), odd = 0, even = 0;
  for (int i = 1; i < kPanels; i += 2) odd += f(low + i * step);
  for (int i = 2; i < kPanels; i += 2) even += f(low + i * step);
  return step / 3 * (ends + 4 * odd + 2 * even);
}

// Piece by piece: f may have a kink at every break.
double integral(const std::function<double(double)>& f, const std::vector<double>& breaks) {
  double total = 0;
  for (size_t i = 0; i + 1 < breaks.size(); ++i) total += integral_between(f, breaks[i], breaks[i + 1]);
  return total;
}

}  // namespace

LinePoints::LinePoints(std::vector<double> points) : points_(std::move(points)) {
  if (points_.size() < 2) throw usage_error(fmt::format("smoothing: {} points, expected at least 2", points_.size()));
  for (size_t i = 0; i < points_.size(); ++i) {
    if (!std::isfinite(points_[i]) || (i > 0 && points_[i] <= points_[i - 1]))
      throw usage_error(fmt::format("smoothing: point {} is {}; points must be finite and rise", i, points_[i]));
  }
}

double LinePoints::log_density(double x, double t) const {
  double highest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const double y : points_) highest = std::max(highest, -(x - y) * (x - y) / (2 * t));
  for (const double y : points_) sum += std::exp(-(x - y) * (x - y) / (2 * t) - highest);
  return highest + std::log(sum) - std::log(static_cast<double>(points_.size())) -
         std::log(2 * std::numbers::pi * t) / 2;
}

double LinePoints::score(double x, double t) const {
  double nearest = points_[0], sum = 0, weighted = 0;
  for (const double y : points_) {
    if (std::abs(x - y) < std::abs(x - nearest)) nearest = y;
  }
  for (const double y : points_) {
    const double weight = std::exp((nearest - y) * (nearest + y - 2 * x) / (2 * t));  // relative to the nearest point
    sum += weight;
    weighted += weight * (y - x);
  }
  return weighted / sum / t;
}

double LinePoints::smoothed_score(double x, double t, double tau) const {
  return tau == 0 ? score(x, t) : (log_density(x + tau, t) - log_density(x - tau, t)) / (2 * tau);
}

EvenPoints::EvenPoints(std::vector<double> points) : LinePoints(std::move(points)) {
  const auto& y = this->points();
  half_gap_ = (y.back() - y.front()) / (2 * static_cast<double>(y.size() - 1));
  for (size_t i = 0; i + 1 < y.size(); ++i) {
    if (std::abs(y[i + 1] - y[i] - 2 * half_gap_) > 2 * kEvenness * half_gap_) {
      throw usage_error(
          fmt::format("smoothing: points {} and {} are {} apart, the mean gap is {}; points must stand evenly", i,
                      i + 1, y[i + 1] - y[i], 2 * half_gap_));
    }
  }
}

size_t EvenPoints::gap_of(double x) const {
  const double gap = std::floor((x - points().front()) / (2 * half_gap_));
  return static_cast<size_t>(std::clamp(gap, 0.0, static_cast<double>(points().size() - 2)));
}

double EvenPoints::piecewise_score(double x, double t) const {
  const size_t k = gap_of(x);
  return ((x <= midpoint(k) ? points()[k] : points()[k + 1]) - x) / t;
}

double EvenPoints::piecewise_smoothed_score(double x, double t, double tau) const {
  check(tau > 0 && tau < half_gap_, "piecewise_smoothed_score: tau in (0, Delta)");
  const double beyond = x - midpoint(gap_of(x));
  return std::abs(beyond) <= tau ? (half_gap_ - tau) * beyond / (tau * t) : piecewise_score(x, t);
}

double EvenPoints::smoothing_at(double t, double kappa) const {
  const double tau = half_gap_ - std::sqrt(kappa * t);
  if (!(t > 0 && kappa > 0 && tau > 0)) {
    throw usage_error(
        fmt::format("smoothing: t = {} and kappa = {}; tau = Delta - sqrt(kappa t) must be above 0, so t below {}", t,
                    kappa, half_gap_ * half_gap_ / kappa));
  }
  return tau;
}

double EvenPoints::flow(double x, double from, double to, double kappa) const {
  const double tau = smoothing_at(from, kappa);
  const size_t k = gap_of(x);
  const double beyond = x - midpoint(k);
  if (std::abs(beyond) <= tau) return midpoint(k) + (half_gap_ - std::sqrt(kappa * to)) / tau * beyond;
  const double y = beyond < 0 ? points()[k] : points()[k + 1];
  return y + std::sqrt(to / from) * (x - y);
}

std::vector<double> EvenPoints::end_weights(double from, double kappa) const {
  smoothing_at(from, kappa);
  const double reach = std::sqrt(kappa * from), sigma = std::sqrt(from),
               infinity = std::numeric_limits<double>::infinity();
  const auto& y = points();
  std::vector<double> weights;
  for (size_t k = 0; k < y.size(); ++k) {
    const double low = k == 0 ? -infinity : y[k] - reach, high = k + 1 == y.size() ? infinity : y[k] + reach;
    double mass = 0;
    for (const double centre : y) mass += upper_tail((low - centre) / sigma) - upper_tail((high - centre) / sigma);
    weights.push_back(mass / static_cast<double>(y.size()));
  }
  return weights;
}

double EvenPoints::end_density(double x, double from, double kappa) const {
  const double ratio = smoothing_at(from, kappa) / half_gap_;
  if (x < points().front() || x > points().back()) return 0;
  const double a = midpoint(gap_of(x));
  return ratio * std::exp(log_density(a + ratio * (x - a), from));
}

double EvenPoints::end_mass_between(double low, double high, double from, double kappa) const {
  const double ratio = smoothing_at(from, kappa) / half_gap_, sigma = std::sqrt(from);
  double mass = 0;
  for (size_t k = 0; k + 1 < points().size(); ++k) {
    const double left = std::max(low, points()[k]), right = std::min(high, points()[k + 1]), a = midpoint(k);
    if (left >= right) continue;
    for (const double centre : points()) {
      mass += upper_tail((a + ratio * (left - a) - centre) / sigma) -
              upper_tail((a + ratio * (right - a) - centre) / sigma);
    }
  }
  return mass / static_cast<double>(points().size());
}

double EvenPoints::uniform_divergence(double from, double kappa) const {
  const double length = points().back() - points().front(), ratio = smoothing_at(from, kappa) / half_gap_;
  double total = 0;
  for (size_t k = 0; k + 1 < points().size(); ++k) {
    const double a = midpoint(k);
    total += integral_between([&](double x) { return std::log(ratio) + log_density(a + ratio * (x - a), from); },
                              points()[k], points()[k + 1]);
  }
  return -std::log(length) - total / length;
}

double EvenPoints::discrepancy(double t, double kappa) const {
  const double tau = smoothing_at(t, kappa), sigma = std::sqrt(t);
  std::vector<double> breaks = {points().front() - kTails * sigma, points().front()};
  for (size_t k = 0; k + 1 < points().size(); ++k) {
    for (const double x : {midpoint(k) - tau, midpoint(k), midpoint(k) + tau, points()[k + 1]}) breaks.push_back(x);
  }
  breaks.push_back(points().back() + kTails * sigma);
  return t * integral([&](double x) {
    const double apart = piecewise_smoothed_score(x, t, tau) - score(x, t);
    return std::exp(log_density(x, t)) * apart * apart;
  }, breaks);
}

double loss_limit(double kappa) {
  const double root = std::sqrt(kappa);
  return 2 * ((1 + kappa) * upper_tail(root) - root * normal_density(root));
}

double printed_divergence_bound(double t, double kappa) {
  const double tau = 1 - std::sqrt(kappa * t);
  return 1 / (3 * t * tau) + std::log(std::sqrt(t) / tau) + std::log(2 * std::sqrt(2 * std::numbers::pi));
}

double divergence_bound(double t, double kappa) {
  const double tau = 1 - std::sqrt(kappa * t);
  return std::log(std::sqrt(t) / tau) + std::log(2 * std::numbers::pi) / 2 +
         (1 - std::pow(kappa * t, 1.5)) / (6 * t * tau);
}

}  // namespace farfield
