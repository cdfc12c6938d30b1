#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Balls around the points of a set, reaching to the k-th nearest other point of it, which is on the border of its ball.
enum class BallBorder { kIn, kOut };

struct PrecisionRecall {
  double precision = 0, recall = 0;  // share of b in a ball of a; of a in a ball of b (Kynkäänniemi et al. 2019)
  double f_score = 0;                // 2 P R / max(P + R, 1e-5)
  double density = 0,
         coverage = 0;  // balls of a around a point of b, mean over k; share of a with a point of b in its ball
  torch::Tensor radii_a, radii_b;  // [n], [m] float64
  torch::Tensor
      realism;  // [m]: largest radius / distance over balls of a up to their median radius; inf at a point of a
};

// real a [n, d], generated b [m, d] floating; 1 <= k < n, m (usage_error). Decided exactly: products say of a pair what they can prove,
// the others are float64 differences. Density and coverage (Naeem et al. 2020) by the same border and k. Memory: blocks of n
// and m columns. Sets of more than 10,000 take long; the caller draws subsets.
PrecisionRecall precision_recall(const torch::Tensor& real, const torch::Tensor& generated, int64_t k,
                                 BallBorder border);

}  // namespace farfield
