#pragma once

#include <torch/types.h>

namespace farfield {

// dx/dsigma = (x - D(x; sigma)) / sigma of the probability-flow ODE (Karras et al. 2022, eq. 3 with s(t) = 1), like x.
inline torch::Tensor slope(const torch::Tensor& x, const torch::Tensor& denoised, double sigma) {
  return torch::sub(x, denoised).div_(sigma);
}

}  // namespace farfield
