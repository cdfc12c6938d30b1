#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "analysis/smoothing/learned_score.h"
#include "models/smoothing/line_smoothing.h"

namespace farfield {

// A step of Euler's method in sigma, dx/dsigma = -sigma s(x, sigma^2), in place: x [starts, d] float64 from one sigma to a lower
// one. Steps of different scores for points on the first axis.
using EulerStep = std::function<void(torch::Tensor& x, double from, double to)>;
using LineScore = std::function<double(double x, double t)>;

// First coordinate by `score`, the others with -x / t.
EulerStep along_line(const LineScore& score);
EulerStep by_learned(const LearnedScore& score);

// How 004 averages over a cube (section 4.2): `draws` points uniform in [-tau_t, tau_t]^d around x, new ones for every start
// and step (keyed by seed, start and sigma), and scores longer than `longest` cut to that length; 0: as they are.
struct DrawnSmoothing {
  double kappa;
  int64_t draws;
  double longest = 0;
  uint64_t seed = 0;
};
EulerStep by_draws(const EvenPoints& line, const DrawnSmoothing& drawn);

}  // namespace farfield
