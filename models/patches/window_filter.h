#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "models/patches/lane_filter.h"

namespace farfield {

// Weights of one axis [outputs, inputs] float64: a Gaussian, 1 at its centre, with the variance (k^2 - 1) / 12 of k inputs
// in a row; k = 1: the input itself. Around each input, by the shorter way where the axis is a circle;
torch::Tensor gaussian_axis(int64_t length, int64_t k, bool wraps);
// around the centre of every range of p inputs that there is.
torch::Tensor gaussian_axis_inside(int64_t length, int64_t p);

// q of place (i, j) at plane (a, b): rows[i, a] columns[j, b], each >= 0.
std::unique_ptr<LaneFilter> make_window_filter(const torch::Tensor& rows, const torch::Tensor& columns);

}  // namespace farfield
