#pragma once

#include <cmath>
#include <cstdint>

#include "core/math/lane_exponential.h"
#include "models/patches/lane_kernels.h"

namespace farfield {

// A running soft-max on [2 + answers] numbers: least energy, sum of weights exp((least - energy) per_energy), weighted
// sums of the answers.

inline double soft_weight(double above_least, double per_energy) {
  const double exponent = -above_least * per_energy;
  return exponent < kLeastExponent ? 0 : std::exp(exponent);
}

inline void clear_state(double* state, int64_t answers) {
  state[0] = kNoImage;
  for (int64_t k = 1; k < 2 + answers; ++k) state[k] = 0;
}

// Lowers the state's least energy to `energy` if it is above; returns the weight of a candidate of that energy.
inline double enter_state(double* state, int64_t answers, double energy, double per_energy) {
  if (energy >= state[0]) return soft_weight(energy - state[0], per_energy);
  const double scale = soft_weight(state[0] - energy, per_energy);
  state[0] = energy;
  for (int64_t k = 1; k < 2 + answers; ++k) state[k] *= scale;
  return 1;
}

inline void merge_state(double* state, const double* other, int64_t answers, double per_energy) {
  const double weight = enter_state(state, answers, other[0], per_energy);
  for (int64_t k = 1; k < 2 + answers; ++k) state[k] += weight * other[k];
}

}  // namespace farfield
