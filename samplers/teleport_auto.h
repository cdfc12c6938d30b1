#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/math/gaussian_stats.h"
#include "models/denoiser.h"

namespace farfield {

// How to choose the level of a teleportation by measurement.
struct TeleportSearch {
  double threshold = 0.99;            // of the explained variance, in (0, 1)
  int64_t probes = 128;               // points a level, >= 2
  int64_t batch = 64;                 // probes at a time, >= 1; does not change the result
  std::optional<int64_t> label = {};  // the class of every probe; without it probe i takes one of its own
  torch::Device device = torch::kCPU;
  void validate() const;  // usage_error with name, value and constraint
};

// What was measured, from the first level down to the first one that is below the threshold.
struct ExplainedLevels {
  std::vector<double> sigmas;     // falling
  std::vector<double> explained;  // of the model's score by the Gaussian's
  int64_t evaluations = 0;        // denoiser calls a probe made
};

// The part of `model`'s score that the Gaussian explains (docs/conventions.md),
//   1 - sum |s_model - s_gauss|^2 / sum |s_model|^2 = 1 - sum |D_model - D_gauss|^2 / sum |D_model - x|^2,
// at the levels of the schedule that a run can be teleported to (above the last), over probes x = y + sigma n with
// y ~ N(m, S) drawn from the Gaussian itself. y and n of probe i come from a stream of their own, so that samples'
// streams are not touched, and are the same at every level. usage_error when the Gaussian has another size than the
// model's samples.
ExplainedLevels measure_explained(const Denoiser& model, const GaussianStats& gaussian,
                                  const std::vector<double>& levels, const TeleportSearch& search);

// The lowest level that is explained to `threshold` together with every higher one. usage_error when not even the
// first is.
double lowest_explained(const ExplainedLevels& measured, double threshold);

}  // namespace farfield
