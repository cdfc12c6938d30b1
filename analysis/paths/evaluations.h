#pragma once

#include <cstdint>
#include <vector>

#include "samplers/solvers/solver.h"

namespace farfield {

// The denoiser calls after which the state at each level stands, counted on a state of one number: L numbers, 0 first, for
// levels_visited(solver, levels, false). usage_error for an adaptive solver, where they differ from sample to sample, and
// for one that draws noise.
std::vector<int64_t> evaluations_at_levels(const Solver& solver, const std::vector<double>& levels);

}  // namespace farfield
