#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "analysis/geometry/path_scales.h"
#include "core/data/source.h"

namespace farfield {

// How many levels of the forward process are looked at besides those of the path, uniform from 0 to the first
// ("A Geometric Perspective on Diffusion Models", A.2).
inline constexpr int64_t kForwardLevels = 500;
std::vector<double> forward_levels(double sigma_max);

// |y + sigma n| for every seed and level, [seeds, levels] float64; y a sample of `data` and n ~ N(0, I), both drawn
// from the seed alone, the same at every level. In kVp times alpha.
torch::Tensor forward_norms(const DataSource& data, std::span<const int64_t> seeds, const std::vector<double>& levels,
                            PathSpace space);

// The mean of |y|^2 over all samples.
double mean_square_norm(const DataSource& data);

}  // namespace farfield
