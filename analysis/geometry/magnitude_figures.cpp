#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/geometry/forward_process.h"
#include "analysis/geometry/geometry_report.h"
#include "analysis/geometry/path_scales.h"
#include "analysis/page/format.h"

namespace farfield {
namespace {

// What the norm is expected to be: sqrt(E|y|^2 + sigma^2 d), E|y|^2 = 0 for noise alone; in the VP view times alpha.
double expected_norm(const GeometryRun& run, double square, double sigma) {
  const double alpha = run.request.measures.space == PathSpace::kVp ? vp_alpha(sigma) : 1;
  return alpha * std::sqrt(square + sigma * sigma * static_cast<double>(run.dimensions));
}

Series theory_line(const GeometryView& view, const std::string& label, double square, int look) {
  Series line{label, series_style("theory", look), {}, {}, {}, {}};
  for (size_t n = view.run.levels.size(); n-- > 0;) {
    if (view.run.levels[n] == 0) continue;
    line.x.push_back(view.run.levels[n]);
    line.y.push_back(expected_norm(view.run, square, view.run.levels[n]));
  }
  return line;
}

Series forward_line(const GeometryView& view) {
  return curve_series("forward process", series_style("forward", 2), view.run.levels, curve_of(view.run.forward));
}

// |x| over what it is expected to be.
Series relative(Series line, const GeometryView& view) {
  for (size_t i = 0; i < line.x.size(); ++i) {
    const double expected = expected_norm(view.run, view.run.mean_square, line.x[i]);
    for (std::vector<double>* values : {&line.y, &line.low, &line.high}) {
      if (i < values->size()) (*values)[i] /= expected;
    }
  }
  return line;
}

std::vector<Panel> state_panels(const GeometryView& view) {
  const GeometryRun& run = view.run;
  std::vector<Series> lines = path_lines(view, "norm_x");
  lines.push_back(theory_line(view, "σ√d", 0, 0));
  std::vector<Panel> panels;
  if (!run.forward.defined()) return {{{"‖x‖", Scale::kLog, {}}, lines, {}, 220}};
  std::vector<Series> ratios;
  lines.push_back(theory_line(view, "√(E‖y‖² + σ²d)", run.mean_square, 1));
  lines.push_back(forward_line(view));
  for (const Series& line : lines) {
    if (line.label != "σ√d" && !line.low.empty()) ratios.push_back(relative(line, view));
  }
  return {{{"‖x‖", Scale::kLog, {}}, lines, {}, 200}, {{"‖x‖ / √(E‖y‖² + σ²d)", Scale::kLinear, {}}, ratios, {1}, 170}};
}

// "1270" at the first level that has a value, and at the last.
std::pair<std::string, std::string> first_and_last(const Curve& curve) {
  const auto known = [](int64_t count) { return count > 0; };
  const auto first = std::ranges::find_if(curve.count, known) - curve.count.begin();
  const auto last = curve.count.rend() - std::find_if(curve.count.rbegin(), curve.count.rend(), known) - 1;
  if (last < first) return {"nothing", "nothing"};
  return {format_digits(curve.mean[first], 3), format_digits(curve.mean[last], 3)};
}

}  // namespace

std::optional<Figure> magnitude_figure(const GeometryView& view) {
  const GeometryRun& run = view.run;
  const auto of_x = first_and_last(view.model().curves.at("norm_x")),
             of_d = first_and_last(view.model().curves.at("norm_d"));
  const double sigma = run.levels.front();
  Figure figure;
  figure.title = fmt::format("‖x‖ falls from {} to {}{}; ‖D‖ rises from {} to {}{}", of_x.first, of_x.second,
                             exception_words(view, "norm_x_falls"), of_d.first, of_d.second,
                             exception_words(view, "norm_d_rises"));
  figure.caption = fmt::format(
      "Noise alone has norm σ√d = {} with a spread of σ/√2 = {} at σ = {}; data y and noise √(E‖y‖² + σ²d). {} 000 "
      "reports 4433 ± 57 for noise at σ = 80 and 27 ± 7 for CIFAR-10, and that ‖x‖ falls and ‖D‖ rises monotonically, "
      "for some networks not in the last steps.",
      format_digits(sigma * std::sqrt(static_cast<double>(run.dimensions)), 4), format_digits(sigma / std::sqrt(2), 3),
      format_sigma(sigma), how_measured(view));
  figure.data_file = "curves.csv";
  figure.numbers = level_numbers(view, {{"‖x‖", "norm_x"}, {"‖D‖", "norm_d"}});
  const std::vector<Panel> states = state_panels(view);
  const std::vector<Series> of_denoised = path_lines(view, "norm_d");
  figure.charts = {{line_chart({sigma_axis(run.levels), states}),
                    "Norm of the state over the noise level. " + ends_of(states[0].series[0])},
                   {line_chart({sigma_axis(run.levels), {{{"‖D‖", Scale::kLinear, {}}, of_denoised, {}, 200}}}),
                    "Norm of the denoiser's output over the noise level. " + ends_of(of_denoised[0])}};
  return figure;
}

// Figure 2a of 000, on its own axes.
std::optional<Figure> forward_figure(const GeometryView& view) {
  const GeometryRun& run = view.run;
  if (!run.forward.defined()) return std::nullopt;
  const std::vector<double> levels = forward_levels(run.levels.front());
  const Curve forward = curve_of(run.forward_uniform);
  double worst = 0;
  for (size_t n = 0; n < levels.size(); ++n) {
    const double expected = expected_norm(run, run.mean_square, levels[n]);
    worst = std::max(worst, std::fabs(forward.mean[n] / expected - 1));
  }
  Figure figure;
  figure.title = fmt::format("The forward process grows as √(E‖y‖² + σ²d) to {} %, and sampling follows it back",
                             format_digits(100 * worst, 2));
  figure.caption = fmt::format(
      "‖y + σn‖ at {} levels uniform in σ, y a sample of the data and n ~ N(0, I), one of each a seed and the same at "
      "every level; and x and D of the model at its own levels. Bands are 95 % bootstrap intervals of the mean.",
      levels.size());
  figure.data_file = "forward.csv";
  for (size_t n = 0; n < levels.size(); n += 20) {
    figure.numbers.columns = {"σ", "‖y + σn‖", "spread"};
    figure.numbers.add({format_sigma(levels[n]), format_measured(forward.mean[n], forward.low[n], forward.high[n]),
                        format_digits(forward.std[n], 3)});
  }
  std::vector<Series> lines = {curve_series("forward process", series_style("forward", 2), levels, forward)};
  Series x = path_lines(view, "norm_x")[0], d = path_lines(view, "norm_d")[0];
  x.label = "x";
  d.label = "D";
  d.style = series_style("D", 1);
  lines.push_back(std::move(x));
  lines.push_back(std::move(d));
  figure.charts = {
      {line_chart({{"noise level σ", Scale::kLinear, {}}, {{{"magnitude", Scale::kLinear, {}}, lines, {}, 240}}}),
       "Norms of the forward process, of the states and of D over the noise level, both axes linear. " +
           ends_of(lines[0])}};
  return figure;
}

}  // namespace farfield
