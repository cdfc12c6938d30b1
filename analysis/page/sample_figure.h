#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/page/report.h"

namespace farfield {

// Samples to be seen, in the order of their seeds.
struct SampleSet {
  std::string title;
  std::string kind;                   // for the colour of points (analysis/page/series.h)
  torch::Tensor samples;              // [n, ...shape], CPU, floating
  std::vector<std::string> captions;  // lines below: solver, schedule, NFE, seconds
};

// The first samples of every set side by side, the same seed at the same place: images as grids enlarged pixel by pixel
// (at most 64 each), points of two dimensions as one scatter chart, other shapes as a sentence.
Figure sample_figure(const std::string& title, const std::string& caption, const std::vector<SampleSet>& sets);

// The grid as PNG bytes for [n,C,H,W] images, C = 1 or 3 (anything else has no picture: empty).
std::string sample_grid_png(const torch::Tensor& samples);

}  // namespace farfield
