#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "analysis/quality/frechet.h"

namespace farfield {

// The Fréchet distance of infinitely many samples (Chong and Forsyth 2020): FD_N falls with the number of samples as a + b / N.
struct FrechetInfinity {
  std::vector<int64_t> sizes;     // N_j
  std::vector<double> distances;  // FD of N_j samples
  double value = 0, slope = 0;    // a, b: ordinary least squares
};

// 15 sizes, evenly spaced from min(5000, max(n / 10, 2)) to n, rounded down.
std::vector<int64_t> frechet_infinity_sizes(int64_t count);
// FD of the first sizes[j] rows of features [n, d] in the order permutations [J, n] int64 [j], against `reference`. usage_error for
// less than two different sizes or one below 2.
FrechetInfinity frechet_infinity(const torch::Tensor& features, const FrechetFactor& reference,
                                 const std::vector<int64_t>& sizes, const torch::Tensor& permutations);
// With random orders, keyed by `seed` and j.
FrechetInfinity frechet_infinity(const torch::Tensor& features, const FrechetFactor& reference, uint64_t seed);

}  // namespace farfield
