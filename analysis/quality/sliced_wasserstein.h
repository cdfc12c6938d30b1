#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Sorted projections on directions, and their mean squared difference.
struct SlicedWasserstein {
  torch::Tensor squares;  // [M] float64, a direction
  double mean = 0;        // of them: the squared sliced 2-Wasserstein distance
  double mind = 0;        // 3 d times it, of the size of a Fréchet distance
};

// a, b [n, d] floating, directions [M, d]. usage_error unless both have the same shape.
SlicedWasserstein sliced_wasserstein(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& directions);
// On `count` random unit vectors; of the larger set as many rows as the smaller has. Both keyed by `seed`.
SlicedWasserstein sliced_wasserstein(const torch::Tensor& a, const torch::Tensor& b, int64_t count, uint64_t seed);

}  // namespace farfield
