#pragma once

#include <torch/types.h>

namespace farfield {

// The two-sample Kolmogorov-Smirnov distance: the largest difference of the parts of a [n] and of b [m] that are at most x,
// over x. float64, no NaN, n, m >= 1; between 0 (the same values) and 1 (all of one below all of the other).
double kolmogorov_distance(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace farfield
