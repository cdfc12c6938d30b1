#pragma once

#include <cstdint>
#include <vector>

#include "analysis/compare/trajectories.h"
#include "core/io/rows.h"

namespace farfield {

// How far a path's final samples are from the model's, per seed |x_model - x_path|^2 / d, and beside another path's on the
// seeds both have: that with the least mean, of which the next is the other one. 002's tables of samples.
struct EndDistance {
  int64_t path;
  int64_t samples;
  double mean, std, low, high;                         // of the mean square; std with divisor n
  int64_t other;                                       // -1: there is none; then the rest is NaN
  double difference, difference_low, difference_high;  // mean over seeds of this path's minus the other's
  double nearer;                                       // share of seeds at which this one is nearer to the model
};

// In the order of the paths; what has no seed is left out.
std::vector<EndDistance> end_distances(const Trajectories& trajectories);

// ends.csv: reference, samples, mse_mean, mse_std, mse_low, mse_high, other, difference, difference_low, difference_high,
// nearer.
Table end_table(const Trajectories& trajectories, const std::vector<EndDistance>& ends);

}  // namespace farfield
