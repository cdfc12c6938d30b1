#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/comm.h"
#include "samplers/churn.h"
#include "samplers/solvers/solver.h"
#include "samplers/start.h"

namespace farfield {

// Which samples to draw, and how.
struct SampleRequest {
  std::vector<int64_t> seeds = {};    // one sample each; a sample depends on its seed alone
  std::vector<double> levels = {};    // the schedule, as check_levels() and check_levels_for() want it
  int64_t batch = 64;                 // samples at a time, >= 1; does not change them
  torch::Tensor latents = {};         // [N, ...shape] floating, one a seed: instead of those the seeds draw
  torch::Tensor classes = {};         // [N] int64, one a seed: instead of those the seeds draw
  std::optional<int64_t> label = {};  // the class of every sample
  Churn churn = {};
  bool afs = false;                       // the first evaluation is analytical (analytical_first_step.h)
  std::optional<double> threshold = {};   // thresholding of the solver's D at this quantile (thresholding.h)
  bool denoise_to_zero = false;           // end with x = D(x; sigma_N), for schedules that end above 0
  std::optional<double> ode_jump = {};    // leave the trajectory at this level and return D there (truncated_levels.h)
  std::optional<Teleport> teleport = {};  // start by closed form at a level below the first
  bool trajectory = false;                // keep every state and D: (2 steps + 1) times the memory of the samples
  torch::Device device = torch::kCPU;     // where the state lives; the results come back to the CPU
  // After every denoiser call, for progress: how many evaluations of one sample came to an end. May be empty. Those of
  // other ranks are reported together when their batch has arrived.
  std::function<void(int64_t samples)> on_evaluation = {};

  // usage_error for anything above that does not fit the model.
  void validate(const DenoiserInfo& model) const;
  // The levels the solver is given: from the teleport on and down to the jump, if there are any.
  std::vector<double> levels_run() const;
  bool ends_denoised() const { return denoise_to_zero || ode_jump.has_value(); }
};

// All on the CPU, in the order of the seeds.
struct Samples {
  torch::Tensor x;             // [N, ...shape] float64, as the solver returned it
  torch::Tensor seeds;         // [N] int64
  torch::Tensor classes;       // [N] int64; -1 for a model without labels
  torch::Tensor trajectory;    // [steps + 1, N, ...shape] float64 on request, else undefined
  torch::Tensor denoised;      // [steps, N, ...shape] float64 with it: D that each step began with (trajectory.h)
  std::vector<double> levels;  // those of the trajectory's rows: what the solver stepped through, 0 for a final denoise
  int64_t nfe = 0;             // denoiser calls that made one sample, counted; of the slowest batch
  double seconds = 0;          // wall time of the runs; of the slowest rank
};

// The denoiser calls of one sample, as count_evaluations().
int64_t count_evaluations(const Solver& solver, const SampleRequest& request);

// Draws the samples of `request`, batch by batch (one by one for an adaptive solver), state in float64. A numeric_error
// says which seed it was. Ranks that make the same request share the batches (core/shards.h); the root has the samples,
// the same bits for any number of ranks, the others have all but x, trajectory and denoised.
Samples sample(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, Comm& comm = alone());

}  // namespace farfield
