#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <torch/types.h>

#include "samplers/restoration/method_registry.h"

namespace farfield {

// Some samples to restore, one measurement each.
struct RestoreRequest {
  std::vector<int64_t> seeds;         // one sample each: a sample depends on its seed and measurement alone
  torch::Tensor y;                    // [N, ...measurement_shape] floating: row i is measured of sample i
  double sigma_y = 0;                 // >= 0
  std::vector<double> levels;         // as check_levels() and check_levels_for() want it
  torch::Tensor latents = {};         // [N, ...shape] floating: instead of those the seeds draw
  std::optional<int64_t> label = {};  // the class that the prior is asked for; else the seed's
  torch::Device device = torch::kCPU;
  std::function<void(int64_t samples)> on_evaluation = {};  // after every evaluation; may be empty
};

struct Restored {
  torch::Tensor x;       // [N, ...shape] float64 on the CPU
  int64_t nfe = 0;       // evaluations of the prior for one sample, counted
  int64_t products = 0;  // its products with the Jacobian, likewise
};

// Restores them in one batch, state in float64; `solver` runs what is a guided denoiser. As sample(): the latent of a seed, its
// Brownian path. An adaptive solver wants batches of one. numeric_error as integrate().
Restored restore(const Denoiser& prior, const Operator& op, const RestorationMethod& method, const Solver& solver,
                 const RestoreRequest& request);

}  // namespace farfield
