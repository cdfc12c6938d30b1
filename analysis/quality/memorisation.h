#pragma once

#include <torch/types.h>

namespace farfield {

// Copies: how near generated points are to those that were trained on.
struct Memorisation {
  torch::Tensor nearest;  // [m] int64, of the training points; the lower index where several are
  torch::Tensor d1, d2;   // [m] float64, distance to the nearest, and to the nearest other one
  torch::Tensor ratio;    // d1 / d2; 0 where both are 0
  torch::Tensor own_gap;  // [m]: distance of the nearest training point to the nearest other one
  double memorised = 0;   // share with a ratio below the threshold (1/3: Yoon et al. 2023)
  double authentic =
      0;  // share that is further from its nearest training point than that is from the next (Alaa et al. 2022)
};

// train [n, d], generated [m, d] floating, n >= 2 (usage_error). Distances are float64 differences.
Memorisation memorisation(const torch::Tensor& train, const torch::Tensor& generated, double threshold = 1.0 / 3);

}  // namespace farfield
