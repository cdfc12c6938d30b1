#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "analysis/geometry/geometry_run.h"
#include "analysis/paths/curve.h"

namespace farfield {

// A sequence of points against its own chord, over trajectories.
struct ChordSummary {
  double endpoint_distance = 0;                                 // mean |chord|
  double max_mean_deviation = 0, max_mean_deviation_sigma = 0;  // the largest mean over the levels, and where
  double mean_max_deviation = 0;
  double deviation_ratio = 0;  // max_mean_deviation / endpoint_distance; NaN where that is 0
  int64_t zero_chords = 0;     // trajectories whose ends coincide
};

// What a document observed of every path, and the levels where it does not hold for this one.
struct Observation {
  std::string name;            // "norm_x_falls"
  std::string words;           // "‖x‖ falls from level to level"
  std::vector<double> not_at;  // sigma
  bool holds() const { return not_at.empty(); }
};

// The numbers of a path in summary.json, and its measures over the levels. NaN where no trajectory has a value.
struct PathSummary {
  std::map<std::string, Curve> curves;  // kLevelMeasures
  std::array<Average, 5> explained,
      reconstruction;           // of the first k + 1 components; mean error of the k + 1-D reconstruction
  std::array<Curve, 5> errors;  // over the levels
  ChordSummary states, denoised;
  double min_cos_end = 0, min_cos_step = 0;  // of the means
  Average length, total_turning, step_turning;
  double length_over_sigma_sqrt_d = 0, norm_eps_over_sqrt_d = 0;  // the latter over all levels and trajectories
  std::vector<Observation> observations;
};

PathSummary summarise_path(const GeometryRun& run, const MeasuredPaths& path);

// The fields of summary.json for one path.
nlohmann::ordered_json summary_of(const PathSummary& summary);

}  // namespace farfield
