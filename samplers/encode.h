#pragma once

#include <vector>

#include "samplers/integrate.h"

namespace farfield {

// The way back along the probability-flow ODE: x [B, ...shape] at levels.back() > 0 is carried up to levels.front().
// Levels fall, as for sampling: encode() and integrate() over the same levels undo each other up to the solver's error.
//
// Solvers step downward. Here they do so in tau = K - sigma, K = levels.front() + levels.back(), on the denoiser
//   D'(x; tau) = x + (tau / sigma) (x - D(x; sigma)),  for which  dx/dtau = (x - D') / tau = -dx/dsigma.
// For methods that extrapolate the slope (euler, heun, rk4, lms, ...) that is exactly their step upward; methods in D
// or in log sigma keep their order. usage_error for stochastic solvers, for those that place their own levels, and for
// a last level of 0. Evaluations are counted.
SampleResult encode(const Solver& solver, const DenoiseFn& denoise, torch::Tensor x, const std::vector<double>& levels);

// The usage errors above, before any work.
void check_encodes(const Solver& solver, const std::vector<double>& levels);

}  // namespace farfield
