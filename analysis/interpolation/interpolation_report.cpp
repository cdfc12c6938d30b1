#include "analysis/interpolation/interpolation_report.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analysis/interpolation/interpolation_theory.h"
#include "analysis/neighbours/neighbour_rows.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"
#include "analysis/page/strips.h"
#include "core/text.h"
#include "samplers/interpolate.h"

namespace farfield {
namespace {

constexpr int kPoints = 41;

std::vector<double> alphas(int64_t points) {
  std::vector<double> values;
  for (int64_t i = 0; i < points; ++i) values.push_back(static_cast<double>(i) / static_cast<double>(points - 1));
  return values;
}

Series theory_line(const std::string& label, const SeriesStyle& style, const std::string& mode, int64_t dim) {
  Series series{label, style, alphas(kPoints), {}, {}, {}};
  for (const double alpha : series.x) series.y.push_back(expected_square(mode, alpha, dim));
  return series;
}

// |z|^2 / d of the frames of a strip; nothing for a grid or without frames.
std::optional<Series> measured_line(const InterpolationStory& story, const SeriesStyle& style) {
  if (!story.latents.defined() || story.latents.size(0) != story.columns) return std::nullopt;
  const torch::Tensor squares = story.latents.flatten(1).square().mean(1).to(torch::kFloat64).contiguous();
  Series series{"these frames", style, alphas(story.columns), {}, {}, {}};
  series.y.assign(squares.const_data_ptr<double>(), squares.const_data_ptr<double>() + squares.numel());
  return series;
}

std::string half_way_words() {
  return fmt::format(
      "Half way, linear interpolation keeps {} of the squared length, great circles {} at d = 16 and {} at d = "
      "3072, interpolation in distribution 1",
      format_digits(expected_square("linear", 0.5, 16), 2), format_digits(expected_square("spherical", 0.5, 16), 4),
      format_digits(expected_square("spherical", 0.5, 3072), 6));
}

std::optional<Figure> magnitude_figure(const InterpolationStory& story) {
  if (!story.theory) return std::nullopt;
  const std::vector<SeriesStyle> styles = series_styles({"network", "a", "b", "c", "d", "e", "f"});
  std::vector<Series> lines = {theory_line("linear", styles[1], "linear", 16)};
  int style = 2;
  for (const int64_t dim : kInterpolationDims) {
    if (dim < 4) continue;
    lines.push_back(theory_line(fmt::format("spherical, d = {}", dim), styles[style++], "spherical", dim));
  }
  lines.push_back(theory_line("in distribution", styles[style], "indist", 16));
  if (auto measured = measured_line(story, styles[0])) lines.push_back(std::move(*measured));
  Figure figure;
  figure.title = half_way_words();
  figure.caption =
      "E‖x(α)‖² / (T² d) between independent N(0, T² I) (000, figure 31): linear and in distribution are the same for every d. "
      "The angle of the great circle is that of the two corners, so its mean runs over angles; for d = 2 and 3 it does not "
      "exist, because of nearly opposite corners. 000 holds the angle fixed in eq. 30, whose value half way is ½ sec²(ψ/2), not "
      "the 2 sec²(ψ/2) printed there: 2/3 at 60°.";
  figure.charts = {{line_chart({{"α", Scale::kLinear, std::pair{0., 1.}},
                                {{{"E‖x(α)‖² / (T² d)", Scale::kLinear, {}}, lines, {1}, 260}}}),
                    half_way_words() + "."}};
  figure.numbers = interpolation_theory_table();
  return figure;
}

Table weight_table() {
  Table table;
  table.columns = {"alpha"};
  for (const std::string& weight : interpolation_weights()) table.columns.push_back("lambda_" + weight);
  for (const double alpha : alphas(kPoints)) {
    std::vector<Cell> row = {alpha};
    for (const std::string& weight : interpolation_weights()) row.emplace_back(interpolation_weight(weight, alpha));
    table.add(std::move(row));
  }
  return table;
}

std::optional<Figure> weight_figure(const InterpolationStory& story) {
  if (!story.theory) return std::nullopt;
  const std::vector<SeriesStyle> styles = series_styles(interpolation_weights());
  std::vector<Series> lines;
  for (size_t i = 0; i < styles.size(); ++i) {
    const std::string& weight = interpolation_weights()[i];
    Series series{weight, styles[i], alphas(kPoints), {}, {}, {}};
    for (const double alpha : series.x) series.y.push_back(interpolation_weight(weight, alpha));
    lines.push_back(std::move(series));
  }
  Figure figure;
  figure.title =
      "Half way, uniform weights still hold 87 % of the first corner and 50 % of the second; the others 71 % of both";
  figure.caption =
      "λ of x(λ) = √(1 − λ²) x₁ + λ x₂ over α. nlinear: α / √(α² + (1 − α)²), of which 000 prints 1 − α² for (1 − α)², which "
      "would be α itself; uniform: α; sine: sin(απ/2), great circles between orthogonal corners.";
  figure.charts = {
      {line_chart({{"α", Scale::kLinear, std::pair{0., 1.}}, {{{"λ", Scale::kLinear, {}}, lines, {}, 220}}}),
       figure.title + "."}};
  figure.numbers = weight_table();
  return figure;
}

// Each number of the table less 1, its value where nothing is shifted.
std::string shift_chart(const Table& table) {
  MatrixChart chart;
  chart.value_title = "shift: value − 1";
  chart.shades = Shades::kDiverging;
  chart.digits = 2;
  for (const int64_t dim : kInterpolationDims) chart.columns.push_back(fmt::format("‖x‖², d = {}", dim));
  chart.columns.insert(chart.columns.end(), {"length, 90°", "length, 60°"});
  for (const auto& row : table.rows) {
    const std::string &mode = std::get<std::string>(row[0]), &weight = std::get<std::string>(row[1]);
    chart.rows.push_back(weight.empty() ? mode : fmt::format("{}, {}", mode, weight));
    std::vector<double> shifts;
    for (size_t j = 0; j < chart.columns.size(); ++j) {
      const double* value = std::get_if<double>(&row[2 + j]);
      shifts.push_back(value != nullptr ? *value - 1 : std::numeric_limits<double>::quiet_NaN());
    }
    chart.values.push_back(std::move(shifts));
  }
  return matrix_chart(chart);
}

std::optional<Figure> shift_figure(const InterpolationStory& story) {
  if (!story.theory) return std::nullopt;
  Figure figure;
  figure.title =
      "Table 1 in numbers: linear interpolation shifts distribution and length, great circles hardly, weights in "
      "distribution only lengths at angles other than 90°";
  figure.caption =
      "square_D: E‖x(½)‖² / (T² d), 1 where the distribution's spread is kept (000, table 1: linear shifts it, great circles "
      "asymptotically not, in distribution not). length_90, length_60: ‖x(½)‖ of two corners of length 1 at that angle (table "
      "1: great circles keep it, in distribution asymptotically). lambda_half: the weight of the second corner half way. An "
      "empty cell: the mean does not exist.";
  figure.numbers = interpolation_shift_table();
  figure.charts = {{shift_chart(figure.numbers), figure.title + "."}};
  return figure;
}

Table frame_neighbours(const InterpolationStory& story) {
  Table table;
  table.columns = {"frame", "rank", "index", "label", "distance"};
  for (int64_t frame = 0; frame < story.found.index.size(0); ++frame)
    add_neighbour_rows(story.found, frame, story.data->labels(), {frame}, table);
  return table;
}

// How many times the nearest data point changes along the frames.
int64_t changes(const torch::Tensor& nearest) {
  return (nearest.slice(0, 1) != nearest.slice(0, 0, -1)).sum().item<int64_t>();
}

std::optional<Picture> neighbour_strip(const InterpolationStory& story) {
  const int64_t shown = std::min(story.columns, story.samples.size(0));
  Strip strip{"", "frame", {}, {{"sample", story.samples.narrow(0, 0, shown)}}};
  for (int64_t i = 0; i < shown; ++i) strip.columns.push_back(std::to_string(i));
  for (int64_t rank = 0; rank < story.found.index.size(1); ++rank) {
    const torch::Tensor index = story.found.index.narrow(0, 0, shown).select(1, rank).contiguous();
    strip.rows.push_back({fmt::format("neighbour {}", rank + 1), story.data->rows(index)});
  }
  return strip_picture(strip);
}

std::optional<Figure> frames_figure(const InterpolationStory& story) {
  if (!story.data) return std::nullopt;
  const torch::Tensor nearest = story.found.index.select(1, 0), distance = story.found.distance.select(1, 0);
  Figure figure;
  figure.title = fmt::format("Along the {} frames the nearest of the data changes {} times, {} away on average",
                             nearest.size(0), changes(nearest), format_digits(distance.mean().item<double>(), 3));
  figure.caption = fmt::format(
      "The {} nearest samples of {} to each frame, nearest first (000, figure 17: k = 10); 2-norm, exact. Frames of mode {}{}.",
      story.found.index.size(1), story.data->info().name, story.mode,
      story.weight.empty() ? "" : ", weight " + story.weight);
  if (auto picture = neighbour_strip(story)) figure.pictures.push_back(std::move(*picture));
  figure.numbers = frame_neighbours(story);
  return figure;
}

const std::vector<FigureRow<InterpolationStory>>& interpolation_figures() {
  static const std::string kTheory = "What interpolation does to latents";
  static const std::vector<FigureRow<InterpolationStory>> rows = {
      {"The data nearest to the frames", frames_figure, "neighbours.csv", "the nearest data of every frame"},
      {kTheory, magnitude_figure, "theory.csv", "expected squared length over alpha, mode and dimension"},
      {kTheory, weight_figure, "weights.csv", "the weights over alpha"},
      {kTheory, shift_figure, "shifts.csv", "the table of shifts"}};
  return rows;
}

std::string interpolation_answer(const InterpolationStory& story) {
  if (story.data) return frames_figure(story)->title + ".";
  return half_way_words() + ".";
}

}  // namespace

void write_interpolation_page(const InterpolationStory& story, const RunFolder& folder) {
  if (!story.theory && !story.data) return;
  Report report("farfield interpolate", "Between latents", interpolation_answer(story), story.how);
  add_figures(report, interpolation_figures(), story, folder);
  report.write(folder.path("report.html"));
}

}  // namespace farfield
