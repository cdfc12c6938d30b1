#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace farfield {

// A score learned at t = 0.1 of two points at -1 and 1 with weight decay, and the smoothing it looks like (004, Fig 1).
struct DecayedScore {
  double weight_decay;  // lambda
  double
      smoothing;  // tau of the piecewise linear score smoothed over tau that is nearest to it in least squares on [-1, 1]
  double picked;              // the tau that the document picked by hand
  double residual;            // root mean square difference to that nearest one on [-1, 1]
  std::vector<double> score;  // s at x
};

struct WeightDecay {
  double time = 0.1;
  std::vector<double> x;  // 401 values from -1 to 1
  std::vector<DecayedScore> scores;
};

// lambda = 0.005, 0.01, 0.02 with batches of 1024 and a learning rate of 0.001, as the document has it; it takes 1200
// steps. `hidden` units as in learned_score.h.
WeightDecay learn_with_decay(int64_t steps, int64_t hidden, uint64_t seed);

}  // namespace farfield
