#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/comparison.h"
#include "analysis/paths/path_space.h"
#include "analysis/paths/path_views.h"
#include "core/io/rows.h"

namespace farfield {

// Which trajectories are compared: from the same noise, over the same noise levels.
struct TrajectoryOptions {
  std::vector<int64_t> seeds;          // one trajectory each; the latents of `farfield sample` (samplers/seed_batch.h)
  std::vector<double> levels;          // L noise levels, falling (samplers/schedules/noise_levels.h)
  int64_t batch = 64;                  // trajectories at a time; bounds the memory
  torch::Device device = torch::kCPU;  // where the states live
  PathSpace space = PathSpace::kVe;    // in which states are measured
};

// Squared 2-norms along trajectories, float64; n seeds. A path is the model's own (integrated by the solver), one of the
// references (likewise), or the Gaussian's closed form (samplers/gaussian_flow.h).
struct Trajectories {
  std::vector<double> levels;         // L, those that the solver visited
  std::string solver;                 // its name
  PathSpace space = PathSpace::kVe;   // of the states, differences and samples
  std::vector<std::string> paths;     // R: references, then "gaussian (closed form)" where there is a Gaussian
  std::vector<std::string> kinds;     // R: for the charts
  std::vector<int64_t> counts;        // R: seeds of each path, the first ones; what the others would be is NaN
  torch::Tensor state;                // [L,n]     |x_model|^2
  torch::Tensor state_difference;     // [R,L,n]   |x_model - x_path|^2
  torch::Tensor denoised;             // [L-1,n]   |D_model(x_model)|^2: at every level a step starts from
  torch::Tensor denoised_difference;  // [R,L-1,n] |D_model(x_model) - D_path(x_path)|^2
  // Agreement of D_path with D_model, M measures (analysis/stats/agreement.h), NaN: no value.
  torch::Tensor along;         // [M,R,L-1,n] both at the model's states; of a closed form none
  torch::Tensor free_running;  // [M,R,L-1,n] each at its own
  torch::Tensor ends;          // [M,R,n]     of the final samples
  torch::Tensor samples;       // [1+R,n,...shape] float32: where the model's and every other path ended
  int64_t nfe = 0;             // denoiser calls of the solver along one path, counted; of the longest
  // Of images: what strips show of the first seeds, two or fewer, at some levels (indices); views [1+R, seeds, levels,
  // ...shape]. Else empty.
  std::vector<int64_t> shown_seeds, shown_levels;
  PathViews views;
};

// One row of trajectory.csv: sum |x_model - x_path|^2 / sum |x_model|^2 over seeds, its 95 % bootstrap interval, the
// same of the denoisers (NaN at the last level, where no step starts), and the root mean square of x_model - x_path over
// seeds and numbers.
struct TrajectoryRow {
  int64_t path, level;  // indices
  int64_t samples;      // seeds
  double deviation, low, high;
  double q25, q75;  // quartiles over seeds of each one's own ratio
  double denoiser_deviation, denoiser_low, denoiser_high;
  double rms;
};

std::vector<TrajectoryRow> summarise(const Trajectories& trajectories, int64_t replicates, uint64_t seed);

Table trajectory_table(const Trajectories& trajectories, const std::vector<TrajectoryRow>& rows);

}  // namespace farfield
