#pragma once

#include <memory>

#include "samplers/solver.h"

namespace farfield {

// One factory per solver file; users take solvers by name from samplers/solver_registry.h.

// x + (to - from) d(x; from). The same as DDIM and as DPM-Solver-1. Order 1, one evaluation a step.
std::unique_ptr<const Solver> make_euler();

// The trapezoidal rule with an Euler predictor (Karras et al. 2022, algorithm 1). The correction is left out exactly
// where it does not exist, at to = 0: with final = zero this is EDM's sampler, with final = sigma_min > 0 that of
// diff-sampler. Order 2, two evaluations a step, one where to = 0.
std::unique_ptr<const Solver> make_heun();

}  // namespace farfield
