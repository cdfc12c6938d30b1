#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_summary.h"
#include "analysis/page/figure_table.h"

namespace farfield {

// What the figures show: a run and the summaries of its paths, the model's first.
struct GeometryView {
  const GeometryRun& run;
  const std::vector<PathSummary>& summaries;
};

// Every figure, each a row; a new one is a function and a row.
const std::vector<FigureRow<GeometryView>>& geometry_figures();

std::string headline_of(const GeometryView& view);

}  // namespace farfield
