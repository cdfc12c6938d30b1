#pragma once

#include <vector>

#include "core/math/gaussian_stats.h"
#include "core/shards.h"
#include "samplers/sampler.h"

namespace farfield {

// Some trajectories over the same noise levels: where they went, and what the denoiser said there. float64 on the CPU.
struct Path {
  std::vector<double> levels;  // L, falling, as integrate() visits them
  torch::Tensor states;        // [L, B, ...shape] x_n; x_0 is the noise end
  torch::Tensor denoised;      // [L-1, B, ...shape] D_n = D(x_n; sigma_n), of multi-stage solvers the first stage's
  int64_t nfe = 0;             // denoiser calls of one trajectory, counted
};

// usage_error for what a path of the probability-flow ODE has no place for: solvers that draw noise or whose D is not that
// of the state (unipc), churn, an analytical first step (D_0 is then not the denoiser's), thresholding, teleports and jumps; and as request.validate().
void check_paths(const SampleRequest& request, const Solver& solver, const DenoiserInfo& model);

// Rows `rows` of the request: the state each starts from at levels[0], [B, ...shape] float64 on request.device, and the
// labels that `model` is asked for (undefined where it takes none). The latents and classes are those of sample().
struct PathStart {
  torch::Tensor x, labels;
};
PathStart path_start(const SampleRequest& request, const DenoiserInfo& model, RowRange rows);

// Carries `start` [B, ...shape] at levels[0] down the levels. request.on_evaluation is told of every denoiser call.
Path run_path(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, const PathStart& start);

// The closed form of N(m, S) from the same start (samplers/gaussian_flow.h).
Path gaussian_path(const GaussianStats& gaussian, const torch::Tensor& start, const std::vector<double>& levels);

// The variance-preserving view of states: alpha = 1 / sqrt(1 + sigma^2), z = alpha x. D, an estimate of the data, stays.
double vp_alpha(double sigma);
Path in_vp_space(Path path);

// Trajectories at a time: one where the solver chooses its own steps, so that each depends on its seed alone.
int64_t path_batch(const SampleRequest& request, const Solver& solver);

}  // namespace farfield
