#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

struct Interval95 {
  double low, high;
};

// Non-parametric bootstrap over samples (Efron 1979), for many columns at once: `per_sample` [n, C] float64 holds one
// row a sample; row r of the result [replicates, C] holds the column totals of n samples drawn with replacement. All
// columns see the same draws, so ratios of columns may be formed from them. A function of (per_sample, seed) alone;
// memory beyond the result: 64 MiB.
torch::Tensor resampled_totals(const torch::Tensor& per_sample, int64_t replicates, uint64_t seed);

// The percentile interval: the 2.5 % and 97.5 % quantiles (linear interpolation) of `replicates` [R] float64. Both NaN
// when any of them is not finite.
Interval95 percentile_interval(const torch::Tensor& replicates);

}  // namespace farfield
