#pragma once

#include <vector>

#include "core/math/gaussian_stats.h"
#include "samplers/solver.h"

namespace farfield {

// Where a run begins: a state and the levels from there on. Any solver uses it: integrate(solver, D, start.x,
// start.levels).
struct Start {
  torch::Tensor x;             // [B, ...shape] at levels.front()
  std::vector<double> levels;
};

// x = sigma_0 z: pure noise. latents z [B, ...shape], floating.
Start start_from_noise(const torch::Tensor& latents, const std::vector<double>& levels);

// Teleportation ("Unreasonable Effectiveness", section 6): the closed form of a Gaussian carries the noise to `sigma` without a
// single evaluation, and the run goes on from there.
struct Teleport {
  double sigma = 0;
  GaussianStats gaussian;
};

// {sigma} and every level below it. A sigma within 1e-6 (relative) of a level is that level, so that levels typed from
// a listing keep the schedule's own tail. usage_error when sigma is not between the first and the last level.
std::vector<double> levels_from(const std::vector<double>& levels, double sigma);

Start teleported_start(const torch::Tensor& latents, const std::vector<double>& levels, const Teleport& teleport);

}  // namespace farfield
