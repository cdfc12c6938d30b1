#include "analysis/symmetry/pair.h"

#include <cmath>

namespace farfield {
namespace {

// ln cosh(y), for any size of y.
double log_cosh(double y) {
  const double size = std::fabs(y);
  return size < 1 ? 0.5 * std::log1p(std::sinh(size) * std::sinh(size))
                  : size + std::log1p(std::exp(-2 * size)) - std::log(2.0);
}

double variance(double theta) { return (1 - theta) * (1 + theta); }

// log p(x) - log p(0)
double log_ratio(double x, double theta, double a) {
  const double v = variance(theta);
  return log_cosh(a * theta * x / v) - x * x / (2 * v);
}

// d^2 log p / d x^2 at 0
double log_curvature(double theta, double a) {
  const double v = variance(theta);
  return (a * a * theta * theta / v - 1) / v;
}

}  // namespace

double Pair::potential_sde(double x, double theta) const { return -log_ratio(x, theta, a) - x * x / 4; }
double Pair::potential_ode(double x, double theta) const { return -log_ratio(x, theta, a) / 2 - x * x / 4; }
double Pair::curvature_sde(double theta) const { return -log_curvature(theta, a) - 0.5; }
double Pair::curvature_ode(double theta) const { return -log_curvature(theta, a) / 2 - 0.5; }

double Pair::fixed_point(double theta) const {
  if (theta <= critical_theta()) return 0;
  const double v = variance(theta);
  const auto excess = [&](double x) { return a * theta * std::tanh(a * theta * x / v) - x * (1 + theta * theta) / 2; };
  double low = 0, high = 2 * a * theta / (1 + theta * theta);  // excess is positive just above 0, negative at `high`
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    (excess(middle) > 0 ? low : high) = middle;
  }
}

double Pair::critical_theta() const {
  const double square = a * a;
  return std::sqrt(1 / (std::hypot(square, 1) + square));
}

double Pair::critical_sigma() const {
  const double square = a * a;
  return std::sqrt(std::hypot(square, 1) - 1 + square);
}

}  // namespace farfield
