#pragma once

#include <string>
#include <vector>

#include "analysis/deviation/deviation_run.h"
#include "analysis/deviation/deviation_summary.h"
#include "analysis/page/figure_table.h"

namespace farfield {

// What the figures show.
struct DeviationView {
  const DeviationRun& run;
  const DeviationSummary& summary;
  std::string model, optimal;  // what sentences call them
};
DeviationView view_of(const DeviationRun& run, const DeviationSummary& summary);

// Every figure, each a row; a new one is a function and a row.
const std::vector<FigureRow<DeviationView>>& deviation_figures();

std::string headline_of(const DeviationView& view);

// deviation_pictures.cpp
std::optional<Figure> strips_figure(const DeviationView& view);
std::optional<Figure> model_neighbours_figure(const DeviationView& view);
std::optional<Figure> nearest_figure(const DeviationView& view);

}  // namespace farfield
