#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "analysis/geometry/geometry_report.h"
#include "analysis/page/format.h"

namespace farfield {
namespace {

Panel panel_of(const GeometryView& view, const std::string& title, const std::string& measure,
               Scale scale = Scale::kLinear) {
  return {{title, scale, {}}, path_lines(view, measure), {}, 190};
}

std::string known_or(double value, int digits, const std::string& otherwise) {
  return std::isfinite(value) ? format_digits(value, digits) : otherwise;
}

// The sentence on chords without direction; "" where there are none.
std::string zero_chord_words(const GeometryView& view) {
  const int64_t count = view.model().states.zero_chords;
  if (count == 0) return "";
  return fmt::format(
      " {} trajectories end where they begin: their deviation is the distance, and angles have no value.", count);
}

}  // namespace

std::optional<Figure> deviation_figure(const GeometryView& view) {
  const ChordSummary &states = view.model().states, &denoised = view.model().denoised;
  Figure figure;
  figure.title = fmt::format(
      "Sampling is nearly straight ({}/{} = {}), denoising is bent ({}/{} = {})",
      format_digits(states.max_mean_deviation, 3), format_digits(states.endpoint_distance, 4),
      known_or(states.deviation_ratio, 2, "no number"), format_digits(denoised.max_mean_deviation, 3),
      format_digits(denoised.endpoint_distance, 3), known_or(denoised.deviation_ratio, 2, "no number"));
  figure.caption = fmt::format(
      "Distance of x_n from the line through the two ends of its trajectory, and of D_n from the line through its "
      "own. The largest means are at σ = {} and {}; the mean of each trajectory's largest deviation is {} and {}.{} "
      "{} 000 reports 16/4428 = 0.0036 and 7/26 = 0.27 for CIFAR-10, turning near σ = 10 and 5; 001 30/8868 = 0.0034 "
      "for ImageNet 64.",
      format_sigma(states.max_mean_deviation_sigma), format_sigma(denoised.max_mean_deviation_sigma),
      format_digits(states.mean_max_deviation, 3), format_digits(denoised.mean_max_deviation, 3),
      zero_chord_words(view), how_measured(view));
  figure.data_file = "curves.csv";
  figure.numbers = level_numbers(view, {{"deviation of x", "deviation"}, {"deviation of D", "deviation_d"}});
  const Axis x = sigma_axis(view.run.levels);
  figure.charts = {
      {line_chart({x, {panel_of(view, "deviation of x from its chord", "deviation")}}),
       "Mean deviation of the states over the noise level, at most " + format_digits(states.max_mean_deviation, 3) +
           "."},
      {line_chart({x, {panel_of(view, "deviation of D from its chord", "deviation_d")}}),
       "Mean deviation of D over the noise level, at most " + format_digits(denoised.max_mean_deviation, 3) + "."}};
  return figure;
}

std::optional<Figure> distance_figure(const GeometryView& view) {
  Figure figure;
  figure.title = fmt::format("x and D both come nearer to their ends from level to level{}{}; D is the nearer one{}",
                             exception_words(view, "distance_falls"), exception_words(view, "distance_d_falls"),
                             exception_words(view, "denoising_is_nearer"));
  figure.caption = "‖x_n − x_end‖ and ‖D_n − D_end‖. " + how_measured(view) +
                   " 000 observes that both means fall monotonically, and that D's is the smaller at every level.";
  figure.data_file = "curves.csv";
  figure.numbers = level_numbers(view, {{"‖x − x_end‖", "distance"}, {"‖D − D_end‖", "distance_d"}});
  const Axis x = sigma_axis(view.run.levels);
  figure.charts = {{line_chart({x, {panel_of(view, "distance of x to its end", "distance", Scale::kLog)}}),
                    "Distance of the states to the end. " + ends_of(path_lines(view, "distance")[0])},
                   {line_chart({x, {panel_of(view, "distance of D to its end", "distance_d", Scale::kLog)}}),
                    "Distance of D to its end. " + ends_of(path_lines(view, "distance_d")[0])}};
  return figure;
}

std::optional<Figure> angle_figure(const GeometryView& view) {
  const PathSummary& model = view.model();
  if (!std::isfinite(model.min_cos_end)) return std::nullopt;
  const auto degrees = [](double cosine) { return std::acos(cosine) * 180 / std::numbers::pi; };
  Figure figure;
  figure.title = fmt::format("Every direction points at the end: the mean cosine is {} or more",
                             format_digits(model.min_cos_end, 4));
  figure.caption = fmt::format(
      "Angle between −dx/dσ and x_end − x, and between a step and the step before, which turn by {} in all (sum, "
      "radians). A cosine of {} is {}°. {} 000 reports cosines between 0.98 and 1; 001 angles between steps around 0°.",
      format_measured(model.step_turning.mean, model.step_turning.low, model.step_turning.high),
      format_digits(model.min_cos_end, 3), format_digits(degrees(model.min_cos_end), 2), how_measured(view));
  figure.data_file = "curves.csv";
  figure.numbers = level_numbers(view, {{"cosine to the end", "cos_end"},
                                        {"angle to the end, °", "angle_end"},
                                        {"cosine of steps", "cos_step"},
                                        {"angle of steps, °", "angle_step"}});
  const Axis x = sigma_axis(view.run.levels);
  figure.charts = {{line_chart({x,
                                {panel_of(view, "cosine of −dx/dσ and the way to the end", "cos_end"),
                                 panel_of(view, "the angle, degrees", "angle_end")}}),
                    "Cosine to the end over the noise level. " + ends_of(path_lines(view, "cos_end")[0])},
                   {line_chart({x,
                                {panel_of(view, "cosine of a step and the one before", "cos_step"),
                                 panel_of(view, "the angle, degrees", "angle_step")}}),
                    "Cosine of successive steps over the noise level. " + ends_of(path_lines(view, "cos_step")[0])}};
  return figure;
}

std::optional<Figure> length_figure(const GeometryView& view) {
  const double root = std::sqrt(static_cast<double>(view.run.dimensions));
  const std::vector<Series> lines = path_lines(view, "norm_eps", 1 / root);
  if (lines[0].y.empty()) return std::nullopt;
  Figure figure;
  figure.title = fmt::format("A trajectory is {} σ₀√d long; ‖ε‖/√d is {} at first and {} at the last level with a step",
                             format_digits(view.model().length_over_sigma_sqrt_d, 4),
                             format_digits(lines[0].y.back(), 4), format_digits(lines[0].y.front(), 3));
  figure.caption =
      "ε = (x − D)/σ; length Σ‖x_{n+1} − x_n‖. " + how_measured(view) +
      " 001 derives ‖ε‖ ≈ √d and a length of σ₀√d for the exact denoiser, and finds that a network's ‖ε‖ shrinks "
      "near σ = 0.";
  figure.data_file = "curves.csv";
  Table& table = figure.numbers;
  table.columns = {"path", "length", "over σ₀√d", "‖ε‖/√d, first", "‖ε‖/√d, last"};
  for (size_t i = 0; i < lines.size(); ++i) {
    const PathSummary& summary = view.summaries[i];
    table.add({view.run.paths[i].name, format_measured(summary.length.mean, summary.length.low, summary.length.high),
               format_digits(summary.length_over_sigma_sqrt_d, 4), format_digits(lines[i].y.back(), 4),
               format_digits(lines[i].y.front(), 4)});
  }
  figure.charts = {{line_chart({sigma_axis(view.run.levels), {{{"‖ε‖ / √d", Scale::kLinear, {}}, lines, {1}, 220}}}),
                    "Norm of the noise prediction over the root of d, over the noise level. " + ends_of(lines[0])}};
  return figure;
}

std::optional<Figure> curvature_figure(const GeometryView& view) {
  const std::vector<Series> curvatures = path_lines(view, "curvature"), torsions = path_lines(view, "torsion");
  if (curvatures[0].y.empty()) return std::nullopt;
  const Average& turning = view.model().total_turning;
  Figure figure;
  figure.title = fmt::format("Curvature turns a trajectory by {} radians in all",
                             format_measured(turning.mean, turning.low, turning.high));
  figure.caption =
      "From exact slopes: r' = ε, r'' = −(1/σ) dD/dσ (001, proposition 4.1), r''' = dr''/dσ, derivatives by three "
      "points; curvature √G₂/‖r'‖³, torsion √G₃/G₂ (its size), G the Gram determinants. Torsion has no value where "
      "the path is straight; both are rough where D changes much from one level to the next. " +
      how_measured(view);
  figure.data_file = "curves.csv";
  figure.numbers = level_numbers(view, {{"curvature", "curvature"}, {"torsion", "torsion"}});
  const Axis x = sigma_axis(view.run.levels);
  figure.charts = {{line_chart({x, {{{"curvature", Scale::kLog, {}}, curvatures, {}, 200}}}),
                    "Curvature over the noise level. " + ends_of(curvatures[0])},
                   {line_chart({x, {{{"torsion", Scale::kLog, {}}, torsions, {}, 200}}}),
                    "Torsion over the noise level. " + ends_of(torsions[0])}};
  return figure;
}

}  // namespace farfield
