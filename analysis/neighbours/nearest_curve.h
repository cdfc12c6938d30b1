#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/page/series.h"
#include "core/io/rows.h"

namespace farfield {

// Distances of some samples to their nearest data point.
struct NearestCurve {
  std::string label;
  SeriesStyle style;
  torch::Tensor distances;  // [n] float64
};

// The part of the samples that are nearer than a distance, a line each: Vega-Lite JSON, and its points (at most 201 a
// line: the quantiles of distance).
std::string nearest_chart(const std::vector<NearestCurve>& curves);
Table nearest_table(const std::vector<NearestCurve>& curves);

}  // namespace farfield
