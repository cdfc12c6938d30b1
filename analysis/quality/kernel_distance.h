#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// The squared maximum mean discrepancy with k(x, y) = (x.y / d + 1)^3 (KID, Binkowski et al. 2018), unbiased: mean over i != j
// of k(x_i, x_j), and of k(y_i, y_j), less 2 mean k(x_i, y_j). It may be below 0. Features [n, d], [m, d] floating, n, m >= 2;
// sums in float64, blocks of the kernel alone are in memory. usage_error for sets of different dimensions or one too small.
double kernel_distance(const torch::Tensor& a, const torch::Tensor& b);

// Over subsets: mean, and standard deviation with the number of subsets as divisor.
struct SubsetKernelDistance {
  torch::Tensor values;  // [S] float64
  double mean = 0, deviation = 0;
};
// Of rows of_a [S, n], of_b [S, n] int64.
SubsetKernelDistance kernel_distance_of_subsets(const torch::Tensor& a, const torch::Tensor& b,
                                                const torch::Tensor& of_a, const torch::Tensor& of_b);
// `subsets` random ones of `size`, or of the smaller set's count where that is less, drawn without replacement, keyed by `seed`.
SubsetKernelDistance kernel_distance_of_subsets(const torch::Tensor& a, const torch::Tensor& b, int64_t subsets,
                                                int64_t size, uint64_t seed);

// How many subsets tell more than one does: `subsets`, or 1 where each would hold all of both sets.
int64_t useful_subsets(int64_t count_a, int64_t count_b, int64_t subsets, int64_t size);

}  // namespace farfield
