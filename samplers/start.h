#pragma once

#include <vector>

#include "core/math/gaussian_stats.h"
#include "samplers/schedules/truncated_levels.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// Where a run begins: a state and the levels from there on. Any solver uses it: integrate(solver, D, start.x,
// start.levels).
struct Start {
  torch::Tensor x;  // [B, ...shape] at levels.front()
  std::vector<double> levels;
};

// x = sigma_0 z: pure noise. latents z [B, ...shape], floating.
Start start_from_noise(const torch::Tensor& latents, const std::vector<double>& levels);

// Teleportation ("Unreasonable Effectiveness", section 6): the closed form of a Gaussian carries the noise to `sigma`
// without a single evaluation, and the run goes on from there.
struct Teleport {
  double sigma = 0;
  GaussianStats gaussian;
};

Start teleported_start(const torch::Tensor& latents, const std::vector<double>& levels, const Teleport& teleport);

}  // namespace farfield
