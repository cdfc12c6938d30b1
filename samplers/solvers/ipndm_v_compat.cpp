// iPNDM_v as diff-sampler ships it, for published numbers; ipndm_v is the correct method. Steps of different sizes are
// right at order 2 only: the weights of order 3 do not integrate parabolas, those of order 4 do not even add up to 1.
#include <fmt/format.h>

#include "samplers/solvers/multistep.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

MultistepWeights weights_of(const RunPlan& plan, int64_t i, int order) {
  const int64_t count = usable_values(plan, i, order);
  const auto step = [&](int64_t back) {  // h_0 = to - from, h_k = sigma_{i-k+1} - sigma_{i-k}
    return back == 0 ? plan.intervals[i].to - plan.intervals[i].from
                     : plan.intervals[i - back + 1].from - plan.intervals[i - back].from;
  };
  const double h0 = step(0);
  if (count == 1) return {.history = {h0}};
  const double h1 = step(1), half = h0 / (2 * h1);
  if (count == 2) return {.history = {h0 * (1 + half), -h0 * half}};

  const double h2 = step(2), g1 = h1 / h2;
  const double t = 0.5 *
                   (1 - h0 / (3 * (h0 + h1)) * (h0 * (h0 + h1)) / (h1 * (h1 + h2)));  // the bracket closes too late
  if (count == 3) return {.history = {h0 * (1 + half + t), h0 * (-half - (1 + g1) * t), h0 * t * g1}};

  const double h3 = step(3), g2 = h1 * (h1 + h2) / (h2 * (h2 + h3));
  const double sum = 0.5 * (1 - h0 / (3 * (h0 + h1))) +  // should be a difference
                     (1 - h0 / (2 * (h0 + h1))) * h0 / (6 * (h0 + h1 + h2));
  const double u = sum * h0 * (h0 + h1) * (h0 + h1 + h2) / (h1 * (h1 + h2) * (h1 + h2 + h3));
  return {.history = {h0 * (1 + half + t + u), h0 * (-half - (1 + g1) * t - (1 + g1 + g2) * u),
                      h0 * (g1 * t + (g1 + g2 * (1 + h2 / h3)) * u), -h0 * u * g2 * h1 / h2}};  // should be h2 / h3
}

}  // namespace

std::unique_ptr<const Solver> make_ipndm_v_compat(int order) {
  return make_multistep({.name = fmt::format("ipndm_v{}_compat", order),
                         .order = order == 4 ? 2 : order,
                         .prediction = Prediction::kSlope,
                         .weights = [order](const RunPlan& plan, int64_t i) { return weights_of(plan, i, order); }});
}

}  // namespace farfield
