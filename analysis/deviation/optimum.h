#pragma once

#include <torch/types.h>

#include "models/denoiser.h"

namespace farfield {

// What the denoiser that a model is held against says at some states: D*, and what is known of the density that it
// belongs to. Undefined where nothing is.
struct OptimumView {
  torch::Tensor denoised;     // [B, ...shape] D*(x; sigma)
  torch::Tensor log_density;  // [B] float64: log p(x; sigma); of analytic denoisers
  torch::Tensor entropy;      // [B] float64: of the weights of the data points; of exact denoisers (DataPosterior)
};

// One evaluation: what is known comes out of it (models/analytic/data_posterior.h), or costs a second pass.
OptimumView look_at(const Denoiser& optimal, const torch::Tensor& x, double sigma, const torch::Tensor& labels);

// Whether there is a density, and its logarithm at bandwidth h, [B] float64.
bool has_density(const Denoiser& optimal);
torch::Tensor log_density(const Denoiser& optimal, const torch::Tensor& x, double h, const torch::Tensor& labels);

}  // namespace farfield
