// DEIS in its time-Adams-Bashforth form: the slope is interpolated as a polynomial of the time of the variance-preserving
// process, and integrated over sigma.
#include "samplers/solvers/deis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "samplers/schedules/vp_time.h"
#include "samplers/solvers/interpolation_weights.h"
#include "samplers/solvers/multistep.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// Whatever the levels are: the constants choose the polynomials, not a range.
VpTime published_time() { return VpTime::fitted(0.002, 80); }

// dsigma/dt, written as the public code's weight -(d log alpha / dt) / 2 / sqrt(alpha (1 - alpha)).
double published_slope(double beta_d, double beta_min, double t) {
  const double log_alpha = -0.5 * t * t * beta_d - t * beta_min;
  const double alpha = std::exp(log_alpha);
  return 0.5 * (t * beta_d + beta_min) / std::sqrt(alpha * (1 - alpha));
}

std::vector<double> nodes_of(const RunPlan& plan, int64_t i, int order) {
  std::vector<double> nodes;
  for (int64_t j = 0; j < usable_values(plan, i, order); ++j) nodes.push_back(plan.intervals[i - j].from);
  return nodes;
}

// Weights of a step by the public code's rectangle rule.
std::vector<double> rectangle_weights(const VpTime& vp, const std::vector<double>& nodes, Interval interval) {
  constexpr int kPoints = 10'000;
  std::vector<double> times, weights(nodes.size(), 0.0);
  for (const double node : nodes) times.push_back(vp.time(node));
  const double beta_d = vp.beta_d(), beta_min = vp.beta_min();
  const double from = vp.time(interval.from), to = vp.time(interval.to), width = (to - from) / kPoints;
  for (int point = 0; point < kPoints; ++point) {
    const double t = from + (to - from) * point / (kPoints - 1);
    const double area = published_slope(beta_d, beta_min, t) * width;
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
  static const VpTime vp = published_time();
  constexpr double kIndistinct = 1e-4;  // below, the VP time is flat in sigma, and its nodes are one to rounding
  const auto nodes = nodes_of(plan, i, order);
  if (nodes.front() < kIndistinct) return interpolation_weights(nodes, plan.intervals[i]);
  return interpolation_weights(nodes, plan.intervals[i], [](double sigma) { return vp.time(sigma); });
}

std::vector<double> deis_tab_compat_weights(const RunPlan& plan, int64_t i, int order) {
  static const VpTime vp = published_time();
  const Interval interval = plan.intervals[i];
  std::vector<double> euler = {interval.to - interval.from};
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
    return {.history = deis_tab_weights(plan, i, order)};
  }});
}

std::unique_ptr<const Solver> make_deis_tab_compat(int order) {
  return make_multistep({.name = fmt::format("deis_tab{}_compat", order),
                         .order = 2,
                         .prediction = Prediction::kSlope,
                         .weights = [order](const RunPlan& plan, int64_t i) -> MultistepWeights {
    return {.history = deis_tab_compat_weights(plan, i, order)};
  }});
}

}  // namespace farfield
