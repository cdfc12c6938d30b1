#pragma once

#include <torch/types.h>

namespace farfield {

// How alike two lists rank the same n things: 1 where the orders are the same, -1 where one is the other backwards.
struct RankCorrelation {
  double spearman = 0;  // the correlation of the ranks, mean ranks of ties (Spearman 1904)
  double kendall = 0;   // tau-b: (concordant - discordant) / sqrt(pairs untied in a x pairs untied in b) (Kendall 1945)
};

// a, b [n] floating, without NaN. Both NaN for n < 2 and where all of a, or of b, are the same.
RankCorrelation rank_correlation(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace farfield
