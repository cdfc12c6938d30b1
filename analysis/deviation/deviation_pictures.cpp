#include <algorithm>

#include <fmt/format.h>

#include "analysis/deviation/deviation_report.h"
#include "analysis/neighbours/nearest_curve.h"
#include "analysis/neighbours/neighbour_grid.h"
#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"

namespace farfield {
namespace {

constexpr int64_t kStripColumns = 10;
constexpr float kBrightest = 1.5F;  // of an image: what is above is noise

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

// Noise is shown as bright as it goes, images as they are.
StripRow strip_row(const std::string& label, const torch::Tensor& images, const std::vector<int64_t>& places) {
  const torch::Tensor some = images.index_select(0, torch::tensor(places, torch::kInt64));
  return {label, torch::where(some.flatten(1).abs().amax({1}, true).unflatten(1, {1, 1, 1}) > kBrightest,
                              scaled_to_largest(some), some)};
}

Strip strip_of(const DeviationView& view, int64_t trajectory) {
  const DeviationStrips& strips = view.run.strips;
  const std::vector<int64_t> places = spread_places(strips.x.size(1), kStripColumns);
  Strip strip{fmt::format("seed {}", view.run.request.sampling.seeds[static_cast<size_t>(trajectory)]), "σ", {}, {}};
  for (const int64_t place : places) strip.columns.push_back(format_sigma(view.run.levels[static_cast<size_t>(place)]));
  const std::pair<const char*, torch::Tensor> rows[] = {
      {"y + σ z", strips.forward},    {"x", strips.x},     {"D(x)", strips.denoised},
      {"D*(x)", strips.optimal},      {"x*", strips.star}, {"D(x*)", strips.star_denoised},
      {"D*(x*)", strips.star_optimal}};
  for (const auto& [label, images] : rows) {
    if (images.defined()) strip.rows.push_back(strip_row(label, images[trajectory], places));
  }
  return strip;
}

}  // namespace

std::optional<Figure> strips_figure(const DeviationView& view) {
  const DeviationStrips& strips = view.run.strips;
  if (!strips.x.defined()) return std::nullopt;
  Figure figure;
  const bool from_data = strips.forward.defined();
  figure.title = from_data ? "What becomes of an image that is encoded, by the model and by the exact denoiser"
                           : "What becomes of the same noise, by the model and by the exact denoiser";
  figure.caption = fmt::format(
      "{}Rows: the model's trajectory x, its D and D* there; the optimal trajectory x*, D and D* there. Noise is scaled to be "
      "seen. Where D(x) and D*(x) part, the model makes something new; D*(x*) only finds an image of the data (000, figures 3 "
      "and 18; 001, figure 11).",
      from_data
          ? "First row: the image with the noise of every level; its first state is where both trajectories begin. "
          : "");
  for (int64_t i = 0; i < strips.x.size(0); ++i) {
    if (auto picture = strip_picture(strip_of(view, i))) figure.pictures.push_back(std::move(*picture));
  }
  if (figure.pictures.empty()) return std::nullopt;
  return figure;
}

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
      "units. {} % of the model's ends are copies, at distance 0, and {} % of D*'s: a perfect model only repeats its data (000, "
      "section 5.1).",
      format_digits(100 * summary.nearest.copies, 3), format_digits(100 * summary.nearest_star.copies, 3));
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
