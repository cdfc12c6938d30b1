#pragma once

#include <span>

#include "models/patches/training_images.h"

namespace farfield {

// One image to denoise.
struct FilteredQuery {
  const double* x;  // [C,H,W]
  double variance;  // sigma^2 > 0
  bool narrow;      // D is wanted to float32's digits only
  const TrainingImages& images;
  std::span<const ImagePart> parts;  // of `images`: the candidates come from these alone
};

// A filtered posterior mean at one noise level. A member r of the family has query weights q_r over the input's values,
// candidates with values y_i, and response weights R_r over the output's values:
//   w_r(i) = softmax_i -(1 / (2 sigma^2)) sum_v q_r(v) (x_v - y_iv)^2
//   D(x)_u = [sum_r R_r(u) sum_i w_r(i) y_iu] / [sum_r R_r(u)]
// Immutable, safe for many threads. Its bits do not depend on the number of threads.
class FilteredMeans {
 public:
  virtual ~FilteredMeans() = default;
  virtual void denoise(const FilteredQuery& query, double* denoised) const = 0;  // [C,H,W]
};

// A soft-max of energies to an error of about this in a logit is formed from energies in float64; where those could err
// by more, from differences of energies to that of the nearest candidate.
inline constexpr double kAllowedLogitError = 1e-11;

}  // namespace farfield
