#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/field/field_output.h"
#include "analysis/page/charts.h"
#include "analysis/page/field_chart.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kMostColumns = 6;  // panels side by side

std::vector<double> numbers_of(const torch::Tensor& values) {
  const torch::Tensor flat = values.to(torch::kFloat64).contiguous().flatten();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

// The levels that are drawn: all, or so many that they fit side by side.
std::vector<int64_t> drawn_levels(const FieldRun& run) {
  std::vector<int64_t> levels;
  const size_t count = run.options.sigmas.size(), shown = std::min(count, kMostColumns);
  for (size_t i = 0; i < shown; ++i)
    levels.push_back(shown == 1 ? 0
                                : static_cast<int64_t>(std::lround(static_cast<double>(i * (count - 1)) /
                                                                   static_cast<double>(shown - 1))));
  return levels;
}

FieldChart empty_chart(const FieldRun& run) {
  FieldChart chart;
  chart.x = grid_line(run.plane.p_low, run.plane.p_high, run.options.grid);
  chart.y = grid_line(run.plane.q_low, run.plane.q_high, run.options.grid);
  const bool own_axes = run.plane.dim() == 2;
  chart.x_title = own_axes ? "first number" : "p";
  chart.y_title = own_axes ? "second number" : "q";
  for (int64_t i = 0; i < run.plane.anchors.size(0); ++i)
    chart.points.emplace_back(run.plane.anchors[i][0].item<double>(), run.plane.anchors[i][1].item<double>());
  return chart;
}

// Of every point the mean of its components' colours, weighted by how much it comes from each (002, figure 2).
std::vector<std::string> component_colours(const torch::Tensor& shares) {
  static const double palette[][3] = {{213, 62, 79},   {50, 136, 189}, {102, 166, 30}, {230, 171, 2},
                                      {117, 112, 179}, {27, 158, 119}, {231, 41, 138}, {166, 118, 29}};
  const torch::Tensor flat = shares.flatten(0, 1);  // [grid^2, K]
  torch::Tensor colours = torch::empty({flat.size(1), 3}, torch::kFloat64);
  for (int64_t k = 0; k < flat.size(1); ++k) {
    for (int64_t c = 0; c < 3; ++c) colours[k][c].fill_(palette[k % std::ssize(palette)][c]);
  }
  const std::vector<double> mixed = numbers_of(torch::mm(flat, colours));
  std::vector<std::string> words;
  for (size_t i = 0; i < mixed.size(); i += 3) {
    words.push_back(fmt::format("#{:02x}{:02x}{:02x}", std::lround(mixed[i]), std::lround(mixed[i + 1]),
                                std::lround(mixed[i + 2])));
  }
  return words;
}

std::string anchors_words(const FieldRun& run) {
  const std::string places = join(run.options.anchors, ", ");
  if (run.plane.dim() == 2) return "The plane is that of the data; samples " + places + " are dots.";
  return fmt::format("The plane goes through samples {} of '{}' (dots); units are L2 distances in it.", places,
                     run.inputs.anchors->info().name);
}

std::vector<Series> lines_over_levels(const FieldRun& run, double SimplexMeasure::* number) {
  const std::vector<SeriesStyle> styles = series_styles(run.kinds);
  std::vector<Series> lines;
  for (size_t row = 0; row < run.names.size(); ++row) lines.push_back({run.names[row], styles[row], {}, {}, {}, {}});
  for (const SimplexMeasure& one : simplex_measures(run)) {
    lines[static_cast<size_t>(one.row)].x.push_back(run.options.sigmas[static_cast<size_t>(one.level)]);
    lines[static_cast<size_t>(one.row)].y.push_back(one.*number);
  }
  return lines;
}

}  // namespace

std::optional<Figure> field_figure(const FieldRun& run) {
  FieldChart chart = empty_chart(run);
  chart.rows = run.names;
  chart.heat_title = "‖P s‖";
  for (int64_t row = 0; row < run.field.size(0); ++row) {
    std::vector<FieldPanel> panels;
    for (const int64_t level : drawn_levels(run)) {
      const torch::Tensor field = run.field[row][level];
      const std::string title = row == 0 ? "σ = " + format_sigma(run.options.sigmas[static_cast<size_t>(level)]) : "";
      panels.push_back({title, numbers_of(field.select(2, kAlong1)), numbers_of(field.select(2, kAlong2)),
                        numbers_of(field.select(2, kInPlane))});
    }
    chart.panels.push_back(std::move(panels));
  }
  Figure figure;
  figure.title = fmt::format("The score of {} and what it could be, in one plane", run.names[0]);
  if (run.names.size() == 1) figure.title = fmt::format("The score of {} in a plane", run.names[0]);
  figure.caption = fmt::format(
      "Arrows: the score's part in the plane, P s, longer with the root of its length; colours: ‖P s‖, one scale a column. {} {} x {} "
      "points. Rows below each other are at the same places.{}",
      anchors_words(run), run.options.grid, run.options.grid,
      run.options.sigmas.size() > kMostColumns ? " Some of the levels; all are in the file." : "");
  figure.charts = {
      {field_chart(chart), "Score fields: a row a model, a column a noise level, with arrows over colours."}};
  figure.data_file = "field.npz";
  return figure;
}

std::optional<Figure> density_figure(const FieldRun& run) {
  if (run.plane.dim() != 2) return std::nullopt;
  FieldChart chart = empty_chart(run);
  chart.heat_title = "density over its largest";
  for (int64_t row = 0; row < run.field.size(0); ++row) {
    const torch::Tensor all = run.log_density[row];
    if (!all.isfinite().any().item<bool>()) continue;
    std::vector<FieldPanel> panels;
    for (const int64_t level : drawn_levels(run)) {
      const torch::Tensor density = run.log_density[row][level];
      const std::string title = chart.panels.empty()
                                    ? "σ = " + format_sigma(run.options.sigmas[static_cast<size_t>(level)])
                                    : "";
      panels.push_back({title, numbers_of(torch::zeros_like(density)), numbers_of(torch::zeros_like(density)),
                        numbers_of((density - density.max()).exp())});
    }
    chart.rows.push_back(run.names[static_cast<size_t>(row)]);
    chart.panels.push_back(std::move(panels));
  }
  if (chart.panels.empty()) return std::nullopt;
  Figure figure;
  figure.title = "The densities whose scores these are";
  figure.caption = "p(x; σ) of every row that has one, over its largest value in the box.";
  figure.charts = {{field_chart(chart), "Densities in the plane: a row a distribution, a column a noise level."}};
  figure.data_file = "field.npz";
  return figure;
}

std::optional<Figure> component_figure(const FieldRun& run) {
  FieldChart chart = empty_chart(run);
  chart.heat_title = "‖P s‖";
  for (size_t row = 0; row < run.components.size(); ++row) {
    if (!run.components[row].defined()) continue;
    std::vector<FieldPanel> panels;
    for (const int64_t level : drawn_levels(run)) {
      const torch::Tensor field = run.field[static_cast<int64_t>(row)][level];
      const std::string title = chart.panels.empty()
                                    ? "σ = " + format_sigma(run.options.sigmas[static_cast<size_t>(level)])
                                    : "";
      panels.push_back({title, numbers_of(field.select(2, kAlong1)), numbers_of(field.select(2, kAlong2)),
                        numbers_of(field.select(2, kInPlane)), component_colours(run.components[row][level])});
    }
    chart.rows.push_back(run.names[row]);
    chart.panels.push_back(std::move(panels));
  }
  if (chart.panels.empty()) return std::nullopt;
  Figure figure;
  figure.title = "Each component rules a part of the plane, with soft borders where there is noise";
  figure.caption =
      "Colours: Σ_k g_k(x) colour_k, g_k(x) the probability that x comes from component k (002, figure 2). Arrows as above.";
  figure.charts = {{field_chart(chart), "Which component of a mixture a point comes from, with the score's arrows."}};
  figure.data_file = "field.npz";
  return figure;
}

std::optional<Figure> simplex_figure(const FieldRun& run) {
  std::vector<Series> lines = lines_over_levels(run, &SimplexMeasure::ratio);
  if (std::ranges::none_of(lines[0].y, [](double ratio) { return std::isfinite(ratio); })) return std::nullopt;
  Figure figure;
  const std::vector<SimplexMeasure> measures = simplex_measures(run);
  figure.title = fmt::format("Within the triangle D moves x by {} of what it does over the box at σ = {}, {} at σ = {}",
                             format_digits(measures.front().ratio, 2), format_sigma(run.options.sigmas.front()),
                             format_digits(measures[run.options.sigmas.size() - 1].ratio, 2),
                             format_sigma(run.options.sigmas.back()));
  figure.caption =
      "Mean of ‖σ² P s‖, how far D moves x within the plane, over the grid points in the triangle of the anchors, divided by that over "
      "the box. 002 (figure 11) sees fields of networks nearly vanish inside such triangles at σ near 0.1, and those of mixtures and of "
      "the exact score not.";
  Panel panel{{"inside / box", Scale::kLog, {}}, std::move(lines), {1}, 220};
  figure.charts = {{line_chart({sigma_axis(run.options.sigmas), {std::move(panel)}}), figure.title + "."}};
  figure.data_file = "field.csv";
  figure.numbers = field_table(run);
  return figure;
}

std::optional<Figure> outside_figure(const FieldRun& run) {
  if (run.plane.dim() == 2) return std::nullopt;
  const std::vector<SimplexMeasure> measures = simplex_measures(run);
  Figure figure;
  figure.title = fmt::format("At σ = {} {} % of the score of {} points out of the plane",
                             format_sigma(run.options.sigmas[0]), format_digits(100 * measures[0].out_of_plane, 2),
                             run.names[0]);
  figure.caption =
      "Mean over the box of ‖s − P s‖² / ‖s‖²: what the arrows do not show. 0 for the exact score of the anchors alone.";
  Panel panel{{"out of the plane", Scale::kLinear, std::pair{0., 1.}},
              lines_over_levels(run, &SimplexMeasure::out_of_plane),
              {},
              180};
  figure.charts = {{line_chart({sigma_axis(run.options.sigmas), {std::move(panel)}}), figure.title + "."}};
  figure.data_file = "field.csv";
  return figure;
}

}  // namespace farfield
