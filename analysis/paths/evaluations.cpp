#include "analysis/paths/evaluations.h"

#include <fmt/format.h>

#include "core/error.h"
#include "models/counting.h"
#include "samplers/integrate.h"

namespace farfield {

std::vector<int64_t> evaluations_at_levels(const Solver& solver, const std::vector<double>& levels) {
  if (solver.adaptive() || solver.stochastic()) {
    throw usage_error(fmt::format("evaluations at every level: solver {} {}; give one with fixed steps, such as heun",
                                  solver.name(), solver.adaptive() ? "chooses its own steps" : "draws noise"));
  }
  int64_t calls = 0;
  const DenoiseFn zero = counting([](const torch::Tensor& x, double) { return torch::zeros_like(x); }, calls);
  std::vector<int64_t> counts = {0};
  IntegrateOptions options;
  options.observer = [&](const StepView&) { counts.push_back(calls); };
  integrate(solver, zero, torch::ones({1, 1}, torch::kFloat64), levels, options);
  return counts;
}

}  // namespace farfield
