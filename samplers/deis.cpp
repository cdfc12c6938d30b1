// DEIS in its time-Adams-Bashforth form: the slope is interpolated as a polynomial of the time of the variance-preserving
// process, and integrated over sigma.
#include "samplers/deis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "samplers/interpolation_weights.h"
#include "samplers/multistep.h"
#include "samplers/solvers.h"

namespace farfield {
namespace {

// sigma(t)^2 = exp(beta_d t^2 / 2 + beta_min t) - 1 with sigma(1e-3) = 0.002 and sigma(1) = 80, whatever the levels are:
// the constants choose the polynomials, not a range.
struct VpTime {
  double beta_d, beta_min;

  VpTime() {
    constexpr double kEarliest = 1e-3;
    const double low = std::log1p(0.002 * 0.002), high = std::log1p(80. * 80.);
    beta_d = 2 * (low / kEarliest - high) / (kEarliest - 1);
    beta_min = high - beta_d / 2;
  }
  double of(double sigma) const {
    return (std::sqrt(beta_min * beta_min + 2 * beta_d * std::log1p(sigma * sigma)) - beta_min) / beta_d;
  }
  // dsigma/dt, written as the public code's weight -(d log alpha / dt) / 2 / sqrt(alpha (1 - alpha)).
  double slope(double t) const {
    const double log_alpha = -0.5 * t * t * beta_d - t * beta_min;
    const double alpha = std::exp(log_alpha);
    return 0.5 * (t * beta_d + beta_min) / std::sqrt(alpha * (1 - alpha));
  }
};

std::vector<double> nodes_of(const RunPlan& plan, int64_t i, int order) {
  std::vector<double> nodes;
  for (int64_t j = 0; j < usable_values(plan, i, order); ++j) nodes.push_back(plan.intervals[i - j].from);
  return nodes;
}

// Weights of a step by the public code's rectangle rule.
std::vector<double> rectangle_weights(const VpTime& vp, const std::vector<double>& nodes, Interval interval) {
  constexpr int kPoints = 10'000;
  std::vector<double> times, weights(nodes.size(), 0.0);
  for (const double node : nodes) times.push_back(vp.of(node));
  const double from = vp.of(interval.from), to = vp.of(interval.to), width = (to - from) / kPoints;
  for (int point = 0; point < kPoints; ++point) {
    const double t = from + (to - from) * point / (kPoints - 1);
    const double area = vp.slope(t) * width;
    for (size_t j = 0; j < times.size(); ++j) {
      double product = area;
      for (size_t k = 0; k < times.size(); ++k) {
        if (k != j) product *= (t - times[k]) / (times[j] - times[k]);
      }
      weights[j] += product;
    }
  }
  return weights;
}

}  // namespace

std::vector<double> deis_tab_weights(const RunPlan& plan, int64_t i, int order) {
  static const VpTime vp;
  constexpr double kIndistinct = 1e-4;  // below, the VP time is flat in sigma, and its nodes are one to rounding
  const auto nodes = nodes_of(plan, i, order);
  if (nodes.front() < kIndistinct) return interpolation_weights(nodes, plan.intervals[i]);
  return interpolation_weights(nodes, plan.intervals[i], [](double sigma) { return vp.of(sigma); });
}

std::vector<double> deis_tab_compat_weights(const RunPlan& plan, int64_t i, int order) {
  static const VpTime vp;
  const Interval interval = plan.intervals[i];
  const std::vector<double> euler = {interval.to - interval.from};
  if (i == 0 || interval.to == 0) return euler;
  auto weights = rectangle_weights(vp, nodes_of(plan, i, order), interval);
  const bool finite = std::all_of(weights.begin(), weights.end(), [](double weight) { return std::isfinite(weight); });
  return finite ? weights : euler;
}

std::unique_ptr<const Solver> make_deis_tab(int order) {
  return make_multistep({.name = fmt::format("deis_tab{}", order),
                         .order = order,
                         .prediction = Prediction::kSlope,
                         .weights = [order](const RunPlan& plan, int64_t i) -> MultistepWeights {
                           return {1, deis_tab_weights(plan, i, order)};
                         }});
}

std::unique_ptr<const Solver> make_deis_tab_compat(int order) {
  return make_multistep({.name = fmt::format("deis_tab{}_compat", order),
                         .order = 2,
                         .prediction = Prediction::kSlope,
                         .weights = [order](const RunPlan& plan, int64_t i) -> MultistepWeights {
                           return {1, deis_tab_compat_weights(plan, i, order)};
                         }});
}

}  // namespace farfield
