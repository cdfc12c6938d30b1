#pragma once

#include <torch/types.h>

namespace farfield {

// 1 - residual / power of sums of squares, element by element; 1 where nothing is left to explain, also of nothing.
inline torch::Tensor explained_variance(const torch::Tensor& residual, const torch::Tensor& power) {
  return torch::where(residual == 0, torch::ones_like(residual), 1 - residual / power);
}
inline double explained_variance(double residual, double power) { return residual == 0 ? 1 : 1 - residual / power; }

}  // namespace farfield
