#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/page/strips.h"
#include "analysis/paths/path_space.h"

namespace farfield {

// What strips show of trajectories at P levels, each [B, P, ...shape] float32 on the CPU.
struct PathViews {
  torch::Tensor x;         // alpha x_n, alpha = 1 / sqrt(1 + sigma^2): of the data's size at every level
  torch::Tensor step;      // x_n - x_{n+1} in the path's own space
  torch::Tensor denoised;  // D_n
};

// Of the first `rows` trajectories of a path that is given in `space`. `places`: indices of levels, each below L - 1.
PathViews path_views(const Path& path, PathSpace space, const std::vector<int64_t>& places, int64_t rows);

// The captions of the columns: the noise levels at those places.
std::vector<std::string> level_captions(const std::vector<double>& levels, const std::vector<int64_t>& places);

// Rows of a strip for trajectory `row`, labelled "x NAME", "step NAME", "D NAME" (NAME may be ""): the state, the step
// scaled to its largest absolute value, and the denoiser's output ("Unreasonable Effectiveness", figure 5A).
std::vector<StripRow> view_rows(const PathViews& views, int64_t row, const std::string& name);

}  // namespace farfield
