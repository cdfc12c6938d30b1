// Adams-Bashforth with exact weights for any spacing, under the three names it has in the field, and iPNDM, which keeps
// the weights of equal steps.
#include <array>

#include <fmt/format.h>

#include "samplers/solvers/interpolation_weights.h"
#include "samplers/solvers/multistep.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

MultistepWeights exact_weights(const RunPlan& plan, int64_t i, int order) {
  std::vector<double> nodes;
  for (int64_t j = 0; j < usable_values(plan, i, order); ++j) nodes.push_back(plan.intervals[i - j].from);
  return {.history = interpolation_weights(nodes, plan.intervals[i])};
}

std::unique_ptr<const Solver> exact(const std::string& family, int order) {
  return make_multistep({.name = fmt::format("{}{}", family, order),
                         .order = order,
                         .prediction = Prediction::kSlope,
                         .weights = [order](const RunPlan& plan, int64_t i) { return exact_weights(plan, i, order); }});
}

MultistepWeights equal_step_weights(const RunPlan& plan, int64_t i, int order) {
  static const std::vector<double> kWeights[] = {
      {1}, {3. / 2, -1. / 2}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24}};
  MultistepWeights weights{.history = kWeights[usable_values(plan, i, order) - 1]};
  for (double& weight : weights.history) weight *= plan.intervals[i].to - plan.intervals[i].from;
  return weights;
}

}  // namespace

std::unique_ptr<const Solver> make_lms(int order) { return exact("lms", order); }

std::unique_ptr<const Solver> make_ipndm_v(int order) { return exact("ipndm_v", order); }

std::unique_ptr<const Solver> make_deis_rhoab(int order) { return exact("deis_rhoab", order); }

std::unique_ptr<const Solver> make_ipndm(int order) {
  return make_multistep(
      {.name = fmt::format("ipndm{}", order),
       .order = std::min(order, 2),
       .prediction = Prediction::kSlope,
       .weights = [order](const RunPlan& plan, int64_t i) { return equal_step_weights(plan, i, order); }});
}

}  // namespace farfield
