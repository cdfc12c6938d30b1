#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Blur kernels [size,size] float64 that sum to 1, centred at size/2.

// exp(-r^2 / (2 deviation^2)), r in pixels; deviation > 0.
torch::Tensor gaussian_kernel(int64_t size, double deviation);
// A camera that shakes: a path of size steps of one pixel at most, whose heading turns by normals of pi/2 intensity and whose
// pace halves and recovers, each position shared among its four pixels; moved so that its mean is the centre. intensity in [0, 1]:
// 0 is a straight line. The same seed gives the same kernel.
torch::Tensor motion_kernel(int64_t size, double intensity, int64_t seed);

}  // namespace farfield
