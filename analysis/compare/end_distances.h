#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/compare/trajectories.h"
#include "core/io/rows.h"

namespace farfield {

// How far a path's final samples are from the model's, per seed: |x_model - x_path|^2 / d, or a perceptual distance; and beside another path's on the
// seeds both have: that with the least mean, of which the next is the other one. 002's tables of samples.
struct EndDistance {
  int64_t path;
  int64_t samples;
  double mean, std, low, high;                         // of the distance; std with divisor n
  int64_t other;                                       // -1: there is none; then the rest is NaN
  double difference, difference_low, difference_high;  // mean over seeds of this path's minus the other's
  double nearer;                                       // share of seeds at which this one is nearer to the model
};

// distances [R, n] float64, NaN: no value. In the order of the paths; what has no seed is left out.
std::vector<EndDistance> end_distances(const torch::Tensor& distances);
torch::Tensor end_errors(const Trajectories& trajectories);  // [R, n]: the mean squares

// Columns reference, samples, MEASURE_mean, MEASURE_std, MEASURE_low, MEASURE_high, other, difference, difference_low,
// difference_high, nearer: ends.csv for `measure` mse, perceptual.csv for perceptual.
Table end_table(const std::vector<std::string>& paths, const std::vector<EndDistance>& ends,
                const std::string& measure);

}  // namespace farfield
