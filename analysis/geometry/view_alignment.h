#pragma once

#include <torch/types.h>

namespace farfield {

// The curves [B, L, 2] (coordinates on a trajectory's own first two components, whose signs and rotation are arbitrary)
// turned to be compared: the first is flipped so that each coordinate is positive where it is largest, every other is
// rotated or reflected onto the first (orthogonal Procrustes: least sum of squares over the levels). The input stays.
torch::Tensor aligned_curves(const torch::Tensor& across);

}  // namespace farfield
