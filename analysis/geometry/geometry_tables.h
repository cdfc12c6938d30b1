#pragma once

#include <vector>

#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_summary.h"
#include "core/io/rows.h"

namespace farfield {

// The measures of geometry.csv, in its order; `forward` too, which is the data's.
inline const std::vector<std::string> kGeometryColumns = {"norm_x",   "norm_d",      "norm_eps",   "deviation",
                                                          "distance", "deviation_d", "distance_d", "cos_end",
                                                          "cos_step", "curvature",   "torsion",    "forward"};

// A cell of a number: empty where there is none.
Cell number_cell(double value);

// The tables of docs/formats.md.
Table geometry_table(const GeometryRun& run, const PathSummary& summary);        // sigma, X_mean, X_std
Table explained_table(const PathSummary& summary);                               // k, mean, std
Table reconstruction_table(const GeometryRun& run, const PathSummary& summary);  // k, sigma, error_mean, error_std
Table forward_table(const GeometryRun& run);                                     // sigma, mean, std
Table view_table(const GeometryRun& run, const MeasuredPaths& path);             // trajectory, sigma, a, b, c
// Every curve of every path with its interval: path, measure, sigma, count, mean, std, low, high.
Table curve_table(const GeometryRun& run, const std::vector<PathSummary>& summaries);

// How many trajectories the view shows: the first of them.
inline constexpr int64_t kShownTrajectories = 30;
// Their coordinates [B, L, 3] along the chord and on the first two components, aligned (view_alignment.h).
torch::Tensor view_coordinates(const MeasuredPaths& path);

// The arrays of geometry.npz: [L, n], or as docs/formats.md says.
Arrays geometry_arrays(const GeometryRun& run, const MeasuredPaths& path);

}  // namespace farfield
