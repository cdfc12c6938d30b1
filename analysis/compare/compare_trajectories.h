#pragma once

#include <optional>
#include <vector>

#include "analysis/compare/trajectories.h"
#include "core/comm.h"
#include "core/math/gaussian_stats.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// "The Unreasonable Effectiveness of Gaussian Score Approximation", figures 7, 15 and 16. States are float64. usage_error
// as check_paths(). References with a Share are left to measure_shares() (shares.h). Ranks share the batches as those of compare() do.
Trajectories compare_trajectories(const Subject& model, const std::vector<Subject>& references,
                                  const std::optional<GaussianStats>& gaussian, const Solver& solver,
                                  const TrajectoryOptions& options, Comm& comm = alone());

}  // namespace farfield
