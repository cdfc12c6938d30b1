#include <cmath>

#include "samplers/solvers/multistep.h"
#include "samplers/solvers/phi_functions.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// x' = e^-h x + h [phi_1(-h) D + phi_2(-h) (D - D_old) h / h_old]: the linear polynomial through the last two values of
// D over log sigma, integrated exactly.
MultistepWeights res_weights(const RunPlan& plan, int64_t i) {
  const auto [from, to] = plan.intervals[i];
  if (to == 0) return {0, {1}};
  const double h = std::log(from / to), first = h * phi(1, -h);
  if (usable_values(plan, i, 2) == 1) return {to / from, {first}};
  const double ratio = std::log(plan.intervals[i - 1].from / from) / h, second = h * phi(2, -h) / ratio;
  return {to / from, {first + second, -second}};
}

}  // namespace

std::unique_ptr<const Solver> make_res_multistep() {
  return make_multistep(
      {.name = "res_multistep", .order = 2, .prediction = Prediction::kDenoised, .weights = res_weights});
}

}  // namespace farfield
