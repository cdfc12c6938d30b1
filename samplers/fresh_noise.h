#pragma once

#include <memory>

#include "samplers/linear_combination.h"
#include "samplers/solver.h"

namespace farfield {

// eta and s_noise of the stochastic solvers: eta >= 0 is how much of the noise is fresh (0: the ODE, without a draw),
// s_noise >= 0 multiplies it (1: the SDE; slightly above 1 makes up for lost detail).
struct FreshNoise {
  double eta = 1, s_noise = 1;
};

// The memory of a stochastic solver without history.
struct BrownianMemory final : StepMemory {
  explicit BrownianMemory(const RunPlan& plan) : brownian(plan.brownian) {}
  BrownianFn brownian;
};

}  // namespace farfield
