#include "analysis/geometry/geometry_report.h"

#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

std::vector<SeriesStyle> styles_of(const GeometryView& view) {
  std::vector<std::string> kinds;
  for (const MeasuredPaths& path : view.run.paths) kinds.push_back(path.kind);
  return series_styles(kinds);
}

// A measure of every path as lines.
std::vector<Series> lines_of(const GeometryView& view, const std::string& measure) {
  const std::vector<SeriesStyle> styles = styles_of(view);
  std::vector<Series> lines;
  for (size_t i = 0; i < view.summaries.size(); ++i)
    lines.push_back(
        curve_series(view.run.paths[i].name, styles[i], view.run.levels, view.summaries[i].curves.at(measure)));
  return lines;
}

std::optional<Figure> chord_figure(const GeometryView& view) {
  const PathSummary& model = view.summaries[0];
  Figure figure;
  figure.title = headline_of(view);
  figure.data_file = "curves.csv";
  figure.charts = {
      {line_chart({sigma_axis(view.run.levels),
                   {{{"deviation of x from its chord", Scale::kLinear, {}}, lines_of(view, "deviation"), {}, 200}}}),
       "deviation"}};
  (void)model;
  return figure;
}

}  // namespace

std::string headline_of(const GeometryView& view) {
  const ChordSummary& chord = view.summaries[0].states;
  return fmt::format(
      "Trajectories stray from the straight line between their ends by at most {} on average, at σ = {}: {} of its length.",
      format_digits(chord.max_mean_deviation, 3), format_sigma(chord.max_mean_deviation_sigma),
      format_digits(chord.deviation_ratio, 2));
}

const std::vector<FigureRow<GeometryView>>& geometry_figures() {
  static const std::vector<FigureRow<GeometryView>> rows = {{"Chord", chord_figure}};
  return rows;
}

}  // namespace farfield
