#pragma once

#include <torch/types.h>

#include "analysis/paths/path.h"
#include "analysis/theory/directions.h"

namespace farfield {

// What would be constant along a trajectory if D were ("The Unreasonable Effectiveness of Gaussian Score Approximation",
// eq. 120-132): K_t = (x_t - alpha D_t) / s in variance-preserving scales, which is the slope (x_t - D_t) / sigma of the exploding
// ones. And the end that a rotation predicts (eq. 110): (x_t - s x_T) / alpha, beside D_t, both against where the path ends.
// All float64, n paths, the L - 1 levels with a D; NaN where K_T = 0.
struct Conserved {
  torch::Tensor drift;             // [n, L-1] |K_t - K_T| / |K_T|
  torch::Tensor prediction_error;  // [n, L-1] |(x_t - s x_T) / alpha - x_0|
  torch::Tensor denoised_error;    // [n, L-1] |D_t - x_0|
  torch::Tensor prediction_along;  // [n, L-1, K] the same along each direction, absolute values
  torch::Tensor denoised_along;    // [n, L-1, K]
};
// `path` in variance-exploding scales, its last level the end.
Conserved conserved_quantity(const Path& path, const Directions& directions);

}  // namespace farfield
