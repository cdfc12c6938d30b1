#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/math/gaussian_stats.h"

namespace farfield {

// Some eigenvectors of a Gaussian's covariance.
struct Directions {
  std::vector<int64_t> components;  // from 1 on, of falling eigenvalues
  std::vector<double> eigenvalues;
  torch::Tensor vectors;  // [K, d] float64, contiguous
  int64_t size() const { return static_cast<int64_t>(components.size()); }
};

// Those of `components`, or where none is named about `wanted` of those whose eigenvalue is above 1e-4 of the first, evenly in the
// logarithm of their number, the first and the last included. usage_error for one that is not there or is named twice.
Directions choose_directions(const GaussianStats& gaussian, std::vector<int64_t> components, int64_t wanted);

// How many eigenvalues are above `part` of the first; with that of rounding, the dimension of the manifold on which the data vary,
// unless there is variance outside the basis, too.
int64_t rank_above(const GaussianStats& gaussian, double part = 1e-12);

}  // namespace farfield
