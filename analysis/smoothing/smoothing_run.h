#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/smoothing/weight_decay.h"
#include "models/smoothing/line_smoothing.h"

namespace farfield {

inline constexpr int64_t kMostLinePoints = 1000, kMostDimension = 64, kMostStarts = 100'000;
inline constexpr int64_t kMostLearningSteps = 1'000'000, kMostHidden = 4096, kMostDraws = 65'536;
inline constexpr double kLongestClip = 1e12;

// The experiment of "On the Interpolation Effect of Score Smoothing" (004), section 4.2: n points evenly on [-extent,
// extent] of the first axis of R^d, noised to time t_0 = sigma_0^2 and carried back by scores that are more and more
// smoothed. The defaults are the paper's.
struct SmoothingOptions {
  int64_t points = 4;            // n >= 2
  double extent = 1;             // > 0
  int64_t dimension = 2;         // d >= 1
  double kappa = 0.4;            // tau_t = Delta - sqrt(kappa t)
  double start_time = 0.02;      // t_0, below Delta^2 / kappa
  double step = 0.002;           // of Euler's method in sigma = sqrt(t); the last one goes to 0
  int64_t starts = 4096;         // x ~ p_{t_0}
  int64_t learned_steps = 3000;  // of learning the score over t (Fig 3 iv); 0: no learned process
  int64_t decay_steps = 1200;    // of learning with weight decay at one t (Fig 1); 0: leave it out
  int64_t hidden = 128;          // units of a hidden layer of both
  int64_t draws = 0;             // of the smoothed score by drawn points, as the paper has it (512); 0: no such process
  double clip = 0;               // longest of the drawn scores, longer ones are cut to it; 0: as they are
  uint64_t seed = 0;

  EvenPoints line() const;
  std::vector<double> sigmas() const;  // sqrt(t_0), falling by `step`, 0
  void validate() const;               // usage_error naming option, value and constraint
};

// What became of the starts under one score.
struct SmoothingProcess {
  std::string name;  // "empirical", "smoothed", "piecewise", "flow" (the closed form of the last one, no steps);
                     // "direction" (the average of least norm along a direction, eq. 37; dimension >= 2), "drawn",
                     // "learned"
  torch::Tensor snapshots;  // [3, starts, d] float64, at SmoothingRun::times
  double variance_across;   // of all coordinates but the first at the end; NaN for d = 1
  double nearest;           // mean distance of the ends to the nearest point
  double on_points;         // share of the ends within 0.01 of a point
  double to_flow;           // root mean square distance of the ends to the flow map's, over starts
  double apart;             // total variation distance of the ends' histogram to the closed form's masses, 100 bins
  double divergence;  // KL(u || histogram) of the uniform density u on [-extent, extent]; infinite where a bin is empty
};

struct SmoothingRun {
  SmoothingOptions options;
  std::vector<double> times;  // t_0, about t_0 / 2, 0
  std::vector<double> bins;   // 101 edges over [-1.5 extent, 1.5 extent]
  std::vector<SmoothingProcess> processes;
  std::optional<WeightDecay> decay = {};
};

// A start is a function of its own number and the seed; the processes share the starts.
SmoothingRun run_smoothing(const SmoothingOptions& options);

// The closed form's mass in every bin: what ends on points, and the density between them.
std::vector<double> end_masses(const EvenPoints& line, double start_time, double kappa,
                               const std::vector<double>& bins);

}  // namespace farfield
