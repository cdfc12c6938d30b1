#include <algorithm>

#include <fmt/format.h>

#include "analysis/deviation/deviation_report.h"
#include "analysis/neighbours/nearest_curve.h"
#include "analysis/neighbours/neighbour_grid.h"
#include "analysis/page/charts.h"
#include "analysis/page/format.h"

namespace farfield {
namespace {

// The ends of the shown trajectories and their neighbours, as a picture.
Picture ends_picture(const DeviationView& view, const torch::Tensor& sequence, const std::string& index,
                     const std::string& title) {
  const torch::Tensor ends = sequence.select(1, -1);
  const torch::Tensor& found = view.run.neighbours.at(index);
  return {neighbour_grid_png(ends, found.narrow(0, 0, ends.size(0)), *view.run.inputs.subject.data),
          fmt::format("{} ends of {} with {} neighbours each", ends.size(0), title, found.size(1)),
          title,
          {}};
}

}  // namespace

std::optional<Figure> nearest_figure(const DeviationView& view) {
  const DeviationSummary& summary = view.summary;
  const auto kinds = std::vector<std::string>{view.run.inputs.subject.model->info().kind,
                                              view.run.inputs.subject.optimal->info().kind};
  const auto styles = series_styles(kinds);
  const std::vector<NearestCurve> curves = {
      {"D(x) of the model", styles[0], view.run.neighbours.at("distance").select(1, 0)},
      {"D*(x*)", styles[1], view.run.neighbours.at("distance_star").select(1, 0)}};
  Figure figure;
  figure.title = fmt::format(
      "The model ends {} from the nearest data point, the exact denoiser {}",
      format_measured(summary.nearest.distance.mean, summary.nearest.distance.low, summary.nearest.distance.high),
      format_measured(summary.nearest_star.distance.mean, summary.nearest_star.distance.low,
                      summary.nearest_star.distance.high));
  figure.caption = fmt::format(
      "Part of the last D(x) and D*(x*) that are nearer to a data point than the distance on the axis, exact, in the model's "
      "units. {} of the model's ends are at distance 0, {} of D*'s: a perfect model only repeats its data (000, section 5.1).",
      format_digits(summary.nearest.copies, 3), format_digits(summary.nearest_star.copies, 3));
  figure.numbers = nearest_table(curves);
  figure.charts = {{nearest_chart(curves), figure.title + "."}};
  return figure;
}

std::optional<Figure> model_neighbours_figure(const DeviationView& view) {
  const DeviationStrips& strips = view.run.strips;
  if (!strips.denoised.defined()) return std::nullopt;
  Figure figure;
  figure.title = fmt::format("The ends of the first trajectories and their {} neighbours in the data",
                             view.run.neighbours.at("index").size(1));
  figure.caption =
      "Each row: the last D(x) or D*(x*) of a trajectory, then the nearest data points, nearest first. The same trajectories "
      "at the same places.";
  figure.data_file = "neighbours.csv";
  figure.pictures = {ends_picture(view, strips.denoised, "index", "the model's D(x)"),
                     ends_picture(view, strips.star_optimal, "index_star", "D*(x*)")};
  return figure;
}

}  // namespace farfield
