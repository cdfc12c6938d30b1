#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// A picture with a row a sample: the sample, then its neighbours, nearest first. samples [n, C, H, W] floating, index
// [n, k] into `data`. PNG bytes; empty where samples are no images. At most kMostNeighbourRows rows.
inline constexpr int64_t kMostNeighbourRows = 64;
std::string neighbour_grid_png(const torch::Tensor& samples, const torch::Tensor& index, const DataSource& data);

}  // namespace farfield
