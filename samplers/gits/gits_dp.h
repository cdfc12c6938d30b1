#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "samplers/gits/gamma_form.h"

namespace farfield {

// A way through the levels: indices 0 = i_0 < ... < i_S = T - 1 and its cost.
struct GitsPath {
  std::vector<int64_t> indices;
  double cost = 0;
};

// The cheapest ways of exactly 1, 2, ... `most` segments through T levels (GITS, algorithm 1): costs [T, T] float64
// holds the cost of a segment i < j; gamma weighs segments as `form` says. Value iteration over
//   V[i][1] = cost[i][T-1],  V[j][k] = min_{j < i < T-1} (cost[j][i] + gamma V[i][k-1])  or  (gamma cost[j][i] + V[i][k-1]);
// the first index with exactly the least sum is taken. One table serves all lengths, O(most T^2). usage_error unless
// 1 <= most <= T - 1 and gamma > 0 is finite; numeric_error for a cost above the diagonal that is not finite.
std::vector<GitsPath> gits_paths(const torch::Tensor& costs, double gamma, int64_t most,
                                 GammaForm form = GammaForm::kComputed);

}  // namespace farfield
