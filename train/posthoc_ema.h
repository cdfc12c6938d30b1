#pragma once

#include <vector>

namespace farfield {

// A power-function average (ema.h): how wide, and over how many images.
struct AverageProfile {
  double gamma = 0;   // > 0
  double images = 0;  // > 0
};

// Post-hoc EMA (Karras et al. 2024, section 3.2): the stored averages are summed with these weights to stand for one that
// was not stored. They minimise the squared difference of the profiles, p(t) = (gamma + 1) t^gamma / images^(gamma + 1) up
// to `images`, and sum to 1.
struct PosthocWeights {
  std::vector<double> weights;  // one for each of `stored`
  double error = 0;             // |sum of profiles - target| / |target|, root of the integral of squares
};
PosthocWeights posthoc_weights(const std::vector<AverageProfile>& stored, const AverageProfile& target);

}  // namespace farfield
