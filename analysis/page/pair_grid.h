#pragma once

#include <string>

#include <torch/types.h>

namespace farfield {

// Images in pairs, a column a pair: above, and below. [n, C, H, W] floating each, in [-1, 1], n >= 1. PNG bytes, every
// pixel enlarged by a whole number.
std::string pair_grid_png(const torch::Tensor& above, const torch::Tensor& below);

}  // namespace farfield
