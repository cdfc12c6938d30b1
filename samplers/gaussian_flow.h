#pragma once

#include <torch/types.h>

#include "core/math/gaussian_stats.h"

namespace farfield {

// The probability-flow ODE of N(m, S) in closed form ("The Unreasonable Effectiveness of Gaussian Score Approximation",
// eq. 15): along every eigenvector u of S, with eigenvalue l,
//   <x(to) - m, u> = sqrt((to^2 + l) / (from^2 + l)) <x(from) - m, u>,
// and with l = stats.tail outside the basis. x [B, ...shape] of prod(shape) = stats.dim() at noise level `from` > 0;
// to >= 0. Computed in float64; returns x's shape, dtype and device. usage_error naming both when the sizes differ.
torch::Tensor gaussian_flow(const GaussianStats& stats, const torch::Tensor& x, double from, double to);

// The Gaussian's own denoiser along that solution, D(x(to); to) (eq. 16): the factors are
// l / sqrt((to^2 + l) (from^2 + l)).
torch::Tensor gaussian_flow_denoised(const GaussianStats& stats, const torch::Tensor& x, double from, double to);

// m + S^(1/2) z: samples of N(m, S) from standard normals z [B, ...shape]. As above.
torch::Tensor gaussian_draw(const GaussianStats& stats, const torch::Tensor& normals);

// The Gaussian's own denoiser, D(x; sigma) = m + S (S + sigma^2 I)^-1 (x - m), sigma > 0. As above.
torch::Tensor gaussian_denoised(const GaussianStats& stats, const torch::Tensor& x, double sigma);

}  // namespace farfield
