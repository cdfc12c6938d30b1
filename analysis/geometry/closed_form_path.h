#pragma once

#include <vector>

#include <torch/types.h>

#include "analysis/paths/path.h"
#include "core/math/gaussian_stats.h"

namespace farfield {

// gaussian_path() in the coordinates of the Gaussian's own eigenvectors: nothing that is measured changes with a
// rotation, and no level needs a product with the basis. states [L, B, d]. The Gaussian has full rank.
Path rotated_gaussian_path(const GaussianStats& gaussian, const torch::Tensor& start,
                           const std::vector<double>& levels);

}  // namespace farfield
