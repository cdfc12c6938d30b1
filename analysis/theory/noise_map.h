#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/math/gaussian_stats.h"

namespace farfield {

// Which components of the noise make a sample ("The Unreasonable Effectiveness of Gaussian Score Approximation", eq. 17 and 21):
// c_k = <u_k, x_T - m>, a_k = <u_k, x_0 - m>, and the share a_k^2 / |x_0 - m|^2 of the sample's energy. Of a Gaussian's closed form
// a_k = sqrt(l_k / (sigma_T^2 + l_k)) c_k. float64, n samples, the first R components; NaN where x_0 = m.
struct NoiseMap {
  torch::Tensor coefficient;  // [n, R] c_k
  torch::Tensor amplitude;    // [n, R] a_k
  torch::Tensor share;        // [n, R]
  torch::Tensor rest;         // [n] the share of all other directions together
};
// start, end [n, d] float64 on the CPU.
NoiseMap noise_map(const GaussianStats& gaussian, const torch::Tensor& start, const torch::Tensor& end,
                   int64_t most_components);

// The shares that are expected over x_T ~ N(0, sigma_T^2 I): E a_k^2 / E |x_0 - m|^2 of the closed form, [R]; 0 without variance.
torch::Tensor expected_shares(const GaussianStats& gaussian, double start_sigma, int64_t most_components);

}  // namespace farfield
