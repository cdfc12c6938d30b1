#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/geometry/path_scales.h"
#include "analysis/paths/part_store.h"
#include "analysis/paths/path.h"

namespace farfield {

struct GeometryOptions {
  PathSpace space = PathSpace::kVe;
  bool centred = true;  // of the principal components
};

// At most so many levels: principal components need the square of them.
inline constexpr int64_t kMostGeometryLevels = 4096;

// A measure that has a value at every level of a trajectory, its name in files.
inline const std::vector<std::string> kLevelMeasures = {
    "norm_x",  "norm_d",    "norm_eps", "deviation",  "distance",  "deviation_d", "distance_d",
    "cos_end", "angle_end", "cos_step", "angle_step", "curvature", "torsion"};

// Everything measured along the trajectories of a path, float64, one row a trajectory: the measures above [B, L], NaN
// at levels without a value and where a direction is missing, `along` [B, L] (the coordinate along the chord), `across`
// [B, L, 2] (on the first two components), `explained` and `eigenvalues` [B, 5], `reconstruction` [B, 5, L] (errors
// from 1-D to 5-D), `component_weights` [B, 4, L], and [B] each: `endpoint_distance`, `endpoint_distance_d`, `length`,
// `total_turning` (by curvature), `step_turning` (sum of the angles between steps), both in radians, `has_chord` and
// `has_chord_d` (0 where the ends coincide). Each trajectory alone, in float64 sums of a fixed order: the same bits for
// any batch, threads and ranks. The definitions are those of ChordMeasure, AngleMeasure, ComplementMeasure and
// CurvatureMeasure; of the last only in kVe.
Arrays measure_geometry(const Path& path, const GeometryOptions& options = {});
// The names of those arrays.
std::vector<std::string> geometry_names();

}  // namespace farfield
