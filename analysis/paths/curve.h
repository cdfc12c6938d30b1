#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/page/charts.h"

namespace farfield {

// A measure over the noise levels, summed up over trajectories. Where no trajectory has a value all are NaN.
struct Curve {
  std::vector<double> mean, std;  // std with divisor n, numpy's default
  std::vector<double> low, high;  // 95 % bootstrap interval of the mean over trajectories
  std::vector<int64_t> count;     // trajectories that have a value
};

// values [n, L] float64; NaN where a trajectory has no value (an angle of a vector of length 0). Such are left out, never
// averaged. The same bits for any number of threads.
Curve curve_of(const torch::Tensor& values);
// One measure of every trajectory, [n].
struct Average {
  double mean, std, low, high;
  int64_t count;
};
Average average_of(const torch::Tensor& values);

// The mean and its interval as a line over the levels, from the last level up, so that lines are named at high noise.
Series curve_series(const std::string& label, const SeriesStyle& style, const std::vector<double>& levels,
                    const Curve& curve);

}  // namespace farfield
