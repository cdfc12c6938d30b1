#pragma once

#include <memory>

#include "samplers/solvers/solver.h"
#include "samplers/solvers/solver_options.h"

namespace farfield {

// What stochastic solvers share. eta >= 0 is how much of the noise is fresh (0: the ODE, and nothing is drawn); s_noise
// > 0 multiplies it (1: the SDE; slightly above 1 makes up for lost detail).
struct FreshNoise {
  double eta = 1, s_noise = 1;
  // The options eta, from 0 to 10, and s_noise, above 0 and at most 100.
  static FreshNoise read(const SolverOptions& options, double default_eta = 1) {
    return {options.number_from("eta", default_eta, 0, 10), options.number("s_noise", 1, 0, 100)};
  }
};

// The noise of a run, for the memory of a stochastic solver.
class BrownianMemory : public StepMemory {
 public:
  explicit BrownianMemory(const RunPlan& plan) : brownian_(plan.brownian) {}
  // The unit increment of every sample's path over `interval`, like x.
  torch::Tensor increment(Interval interval, const torch::Tensor& x) const {
    return brownian_(interval.from, interval.to).to(x.options());
  }

 private:
  BrownianFn brownian_;
};

}  // namespace farfield
