#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_summary.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"

namespace farfield {

// What the figures show: a run and the summaries of its paths, the model's first.
struct GeometryView {
  const GeometryRun& run;
  const std::vector<PathSummary>& summaries;

  const PathSummary& model() const { return summaries.front(); }
};

// Every figure, each a row; a new one is a function and a row.
const std::vector<FigureRow<GeometryView>>& geometry_figures();

// The finding in a sentence.
std::string headline_of(const GeometryView& view);
// The numbers of every path side by side, with what the documents print; and which of their observations hold.
Table comparison_of_paths(const GeometryView& view);
Table observation_table(const GeometryView& view);

// A section each. Their lines are those of curves.csv.
std::optional<Figure> magnitude_figure(const GeometryView& view);
std::optional<Figure> forward_figure(const GeometryView& view);
std::optional<Figure> deviation_figure(const GeometryView& view);
std::optional<Figure> distance_figure(const GeometryView& view);
std::optional<Figure> angle_figure(const GeometryView& view);
std::optional<Figure> length_figure(const GeometryView& view);
std::optional<Figure> reconstruction_figure(const GeometryView& view);
std::optional<Figure> reconstruction_strips_figure(const GeometryView& view);
std::optional<Figure> view_figure(const GeometryView& view);
std::optional<Figure> curvature_figure(const GeometryView& view);

// For the figures: a measure of every path as lines, times `factor`.
std::vector<Series> path_lines(const GeometryView& view, const std::string& measure, double factor = 1);
std::vector<SeriesStyle> path_styles(const GeometryView& view);
// "64 trajectories by euler over 101 levels (100 evaluations each). Bands are ..."
std::string how_measured(const GeometryView& view);
// Where the observation of that name does not hold for the model: ", except at 5 of 101 levels, from σ = 0.01 on"; ""
// where it does.
std::string exception_words(const GeometryView& view, const std::string& observation);
// A row a level: the means of some measures of the model, for reading.
Table level_numbers(const GeometryView& view,
                    const std::vector<std::pair<std::string, std::string>>& titles_and_measures);
// Of a line at high and at low noise, for the words of a chart.
std::string ends_of(const Series& series);

}  // namespace farfield
