#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/theory/noise_map.h"
#include "analysis/theory/rotation.h"
#include "analysis/theory/theory_figures.h"
#include "analysis/theory/theory_tables.h"
#include "core/text.h"

namespace farfield {
namespace {

SeriesStyle path_style(const TheoryRun& run, const std::string& path) {
  return series_style(path == "model" ? run.inputs.model->info().kind : "gaussian",
                      path == "gaussian" && run.inputs.model && run.inputs.model->info().kind == "gaussian" ? 1 : 0);
}

std::string path_label(const std::string& path) { return path == "model" ? "model" : "Gaussian, closed form"; }

// The level with the largest (or smallest) mean.
struct Extreme {
  size_t level;
  double mean, low, high;
  std::string text() const { return format_measured(mean, low, high); }
};
Extreme most_of(const Curve& curve) {
  size_t best = 0;
  for (size_t n = 1; n < curve.mean.size(); ++n) {
    if (!(curve.mean[n] <= curve.mean[best])) best = std::isfinite(curve.mean[n]) ? n : best;
  }
  return {best, curve.mean[best], curve.low[best], curve.high[best]};
}
Extreme least_of(const Curve& curve) {
  size_t best = 0;
  for (size_t n = 1; n < curve.mean.size(); ++n) {
    if (curve.mean[n] < curve.mean[best] || !std::isfinite(curve.mean[best])) best = n;
  }
  return {best, curve.mean[best], curve.low[best], curve.high[best]};
}

std::vector<Series> curves_of_paths(const TheoryRun& run, const std::string& measure) {
  std::vector<Series> lines;
  for (const std::string& path : measured_paths(run)) {
    lines.push_back(curve_series(path_label(path), path_style(run, path), run.levels, path_curve(run, path, measure)));
  }
  return lines;
}

std::string trajectories_of(const TheoryRun& run) {
  const std::string of =
      run.inputs.model
          ? fmt::format("{} of the model from {} seeds, beside the Gaussian's closed form from the same noise",
                        run.options.solver, run.options.request.seeds.size())
          : fmt::format("the Gaussian's closed form from {} seeds", run.options.request.seeds.size());
  return of + ". Bands are 95 % intervals over trajectories.";
}

// Means of x and y in units of |x_T|, so that curves of every size begin at (1, 0).
Series plane_series(const TheoryRun& run, const std::string& path) {
  const torch::Tensor at = run.paths.at(path + "_coordinates");
  const torch::Tensor relative = (at / at.select(1, 0).select(1, 0).view({-1, 1, 1})).mean(0);
  Series series{path_label(path), path_style(run, path), {}, {}, {}, {}};
  for (int64_t n = 0; n < relative.size(0); ++n) {
    series.x.push_back(relative[n][0].item<double>());
    series.y.push_back(relative[n][1].item<double>());
  }
  return series;
}

}  // namespace

std::optional<Figure> plane_figure(const TheoryRun& run) {
  const std::vector<std::string> paths = measured_paths(run);
  if (paths.empty()) return std::nullopt;
  const Curve share = path_curve(run, paths[0], "share");
  const Extreme least = least_of(share);
  std::vector<Series> plane;
  for (const std::string& path : paths) plane.push_back(plane_series(run, path));
  Figure figure;
  figure.title = fmt::format(
      "Trajectories of {} stay in the plane of their two ends: it holds at least {} of |x_t|², least at σ = {}",
      words_of_path(paths[0]), least.text(), format_sigma(run.levels[least.level]));
  figure.caption =
      "In variance-preserving scales, z = x/√(1 + σ²): the share of |z|² in the plane of x_T and x_0, over σ; and the mean "
      "trajectory in that plane, first axis along x_T, in units of |x_T| (002, Fig 5 B). " +
      trajectories_of(run);
  figure.charts = {
      {line_chart({sigma_axis(run.levels),
                   {{{"share of |z|² in the plane", Scale::kLinear, {}}, curves_of_paths(run, "share"), {}, 200}}}),
       "The share of the squared length in the plane over the noise level, at least " + least.text() + "."},
      {line_chart({{"along x_T", Scale::kLinear, {}},
                   {{{"across, towards x_0", Scale::kLinear, {}}, std::move(plane), {}, 200}}}),
       "The mean trajectory in the plane of its ends."}};
  figure.data_file = "rotation.csv";
  return figure;
}

std::optional<Figure> rotation_error_figure(const TheoryRun& run) {
  const std::vector<std::string> paths = measured_paths(run);
  if (paths.empty()) return std::nullopt;
  std::vector<Series> lines = curves_of_paths(run, "rotation_error");
  const std::vector<SeriesStyle> styles = series_styles({"expected", "bound", "printed"});
  Series expected{"expected", styles[0], {}, {}, {}, {}};
  Series bound{"bound", styles[1], {}, {}, {}, {}}, printed{"bound as printed", styles[2], {}, {}, {}, {}};
  const double right = rotation_error_bound(run.gaussian), wrong = printed_rotation_bound(run.gaussian);
  for (size_t n = run.levels.size(); n-- > 0;) {
    for (Series* series : {&expected, &bound, &printed}) series->x.push_back(run.levels[n]);
    expected.y.push_back(expected_rotation_error(run.gaussian, vp_alpha(run.levels[n])));
    bound.y.push_back(right);
    printed.y.push_back(wrong);
  }
  const Extreme most = most_of(path_curve(run, paths[0], "rotation_error"));
  const double least_known = *std::max_element(expected.y.begin(), expected.y.end());
  lines.insert(lines.end(), {expected, bound, printed});
  Figure figure;
  figure.title = fmt::format(
      "The rotation x_t ≈ αx_0 + √(1 − α²)x_T misses {} by at most {} of |x_T|² (at σ = {}); a Gaussian's mean is {}",
      words_of_path(paths[0]), most.text(), format_sigma(run.levels[most.level]), format_digits(least_known, 3));
  figure.caption = fmt::format(
      "E_t = |x_t − αx_0 − √(1 − α²)x_T|²/|x_T|² in variance-preserving scales. Expected of a Gaussian from pure noise: ΣJ(α; λ)²/d, at most Σλ/(1 + λ)/d = {}. "
      "002 prints (1 − √½)²r/d = {} (eq. 22), which {}. {}",
      format_digits(right, 3), format_digits(wrong, 3),
      least_known > wrong ? "this Gaussian breaks: eq. 22 and eq. 107 are no bounds"
                          : "happens to hold for these eigenvalues, but is no bound: see below",
      trajectories_of(run));
  figure.charts = {{line_chart({sigma_axis(run.levels), {{{"E_t", Scale::kLog, {}}, std::move(lines), {}, 240}}}),
                    "The rotation's error over the noise level, at most " + most.text() + "."}};
  figure.data_file = "rotation.csv";
  figure.numbers = rotation_table(run);
  return figure;
}

std::optional<Figure> conserved_figure(const TheoryRun& run) {
  const std::vector<std::string> paths = measured_paths(run);
  if (paths.empty()) return std::nullopt;
  const Curve drift = path_curve(run, paths[0], "drift");
  const size_t end = drift.mean.size() - 1;
  const Extreme most = most_of(drift);
  if (!std::isfinite(most.mean)) return std::nullopt;
  Figure figure;
  figure.title = fmt::format(
      "(x_t − αD_t)/s keeps to within {} of its length along {}; at the last level it has moved by {}", most.text(),
      words_of_path(paths[0]), format_measured(drift.mean[end], drift.low[end], drift.high[end]));
  figure.caption =
      "K_t = (z_t − αD_t)/s in variance-preserving scales, which is the slope ε_t = (x_t − D_t)/σ: constant if D were (002, "
      "eq. 120 and 131), and for a single data point it is, to rounding. Shown is |K_t − K_T|/|K_T|. " +
      trajectories_of(run);
  figure.charts = {{line_chart({sigma_axis(levels_with_denoised(run)),
                                {{{"|K_t − K_T|/|K_T|", Scale::kLog, {}}, curves_of_paths(run, "drift"), {}, 200}}}),
                    "The drift of the conserved quantity over the noise level, at most " + most.text() + "."}};
  figure.data_file = "conserved.csv";
  figure.numbers = conserved_table(run);
  return figure;
}

std::optional<Figure> prediction_figure(const TheoryRun& run) {
  const std::vector<std::string> paths = measured_paths(run);
  if (paths.empty()) return std::nullopt;
  const Curve predicted = path_curve(run, paths[0], "prediction_error"),
              denoised = path_curve(run, paths[0], "denoised_error");
  std::vector<Series> lines;
  for (const std::string& path : paths) {
    for (const bool told : {false, true}) {
      SeriesStyle style = path_style(run, path);
      style.dash = told ? std::vector<int>{} : std::vector<int>{6, 3};
      lines.push_back(
          curve_series(fmt::format("{}, {}", told ? "D" : "rotation", path == "model" ? "model" : "Gaussian"), style,
                       run.levels, path_curve(run, path, told ? "denoised_error" : "prediction_error")));
    }
  }
  size_t worse = 0;
  for (size_t n = 0; n < predicted.mean.size(); ++n) worse += predicted.mean[n] >= denoised.mean[n] ? 1 : 0;
  Figure figure;
  figure.title = fmt::format("The end that a rotation predicts is worse than D at {} of {} levels of {}", worse,
                             predicted.mean.size(), words_of_path(paths[0]));
  figure.caption =
      "Distance to where the path ends, of (z_t − s z_T)/α (002, eq. 110) and of D_t. 002 (D.4.3) says that the prediction becomes useful "
      "once a feature's critical level is passed. For a Gaussian it never overtakes D: along a component the two miss √λ + σ − √(λ + σ²) and "
      "√λ − λ/√(λ + σ²), and the first is larger at every σ. The numbers of each component are in prediction.csv. " +
      trajectories_of(run);
  figure.charts = {{line_chart({sigma_axis(levels_with_denoised(run)),
                                {{{"distance to x_0", Scale::kLog, {}}, std::move(lines), {}, 220}}}),
                    "The error of both predictions of the end over the noise level."}};
  figure.data_file = "conserved.csv";
  figure.numbers = conserved_table(run);
  return figure;
}

std::optional<Figure> perturbation_figure(const TheoryRun& run) {
  if (run.perturbations.empty()) return std::nullopt;
  std::vector<std::string> labels;
  for (const int64_t component : run.directions.components) labels.push_back(fmt::format("component {}", component));
  const std::vector<SeriesStyle> styles = series_styles(labels);
  std::vector<Series> lines;
  for (size_t k = 0; k < labels.size(); ++k) {
    Curve ratio = response_curve(run, "along", static_cast<int64_t>(k));
    for (size_t m = 0; m < run.perturbed_levels.size(); ++m) {
      const double theory = perturbation_theory(run, static_cast<int64_t>(k), m);
      for (auto* values : {&ratio.mean, &ratio.low, &ratio.high}) (*values)[m] /= theory;
    }
    lines.push_back(curve_series(labels[k], styles[k], run.perturbed_levels, ratio));
  }
  const std::optional<double> missed = perturbation_deviation(run);
  Figure figure;
  figure.title = missed
                     ? fmt::format(
                           "What a perturbation along a component makes of the sample differs from the Gaussian's law "
                           "by {} % in the mean",
                           format_digits(100 * *missed, 2))
                     : std::string("Perturbations where the data do not vary");
  figure.caption = fmt::format(
      "The run of the model is disturbed by ±{} σ along a component; the difference of the two ends along the same component, "
      "divided by that of the disturbances, over the Gaussian's √(λ/(λ + σ²)) (002, eq. 23 and Fig 3 E): 1 where the law holds. "
      "Means over {} trajectories, with 95 % intervals.",
      format_digits(run.options.delta, 2), run.perturbations.at("along").size(0));
  figure.charts = {{line_chart({sigma_axis(run.perturbed_levels),
                                {{{"response / theory", Scale::kLog, {}}, std::move(lines), {1}, 240}}}),
                    "The measured response over the theoretical one, over the level of the perturbation."}};
  figure.data_file = "perturbation.csv";
  figure.numbers = perturbation_table(run);
  return figure;
}

std::optional<Figure> noise_map_figure(const TheoryRun& run) {
  const std::vector<std::string> paths = measured_paths(run);
  if (paths.empty()) return std::nullopt;
  const int64_t shown = run.paths.at(paths[0] + "_energy_share").size(1), few = std::min<int64_t>(10, shown);
  const torch::Tensor expected = expected_shares(run.gaussian, run.levels[0], shown);
  std::vector<double> components;
  for (int64_t k = 0; k < shown; ++k) components.push_back(static_cast<double>(k + 1));
  Series line{"expected", series_styles({"expected"})[0], components, {}, {}, {}};
  for (int64_t k = 0; k < shown; ++k) line.y.push_back(expected[k].item<double>());
  std::vector<Series> lines;
  std::vector<std::string> words;
  for (const std::string& path : paths) {
    Series series = curve_series(path_label(path), path_style(run, path), components,
                                 path_curve(run, path, "energy_share"));
    lines.push_back(std::move(series));
    const Average sum = average_of(run.paths.at(path + "_energy_share").narrow(1, 0, few).sum(1));
    if (sum.count > 0)
      words.push_back(fmt::format("{} {}", format_measured(sum.mean, sum.low, sum.high),
                                  path == "model" ? "of the model's samples" : "of the closed form's"));
  }
  if (words.empty()) return std::nullopt;
  lines.push_back(std::move(line));
  Figure figure;
  figure.title = fmt::format("The first {} components carry {}", few, join(words, " and "));
  figure.caption =
      "The share of |x_0 − m|² along every component. In the closed form the sample's amplitude is √(λ/(σ_T² + λ)) times the noise's (002, eq. 17 and 21): the noise "
      "picks, the variance weighs. " +
      trajectories_of(run);
  figure.charts = {{line_chart({{"component", Scale::kLog, {}},
                                {{{"share of the sample's energy", Scale::kLog, {}}, std::move(lines), {}, 220}}}),
                    "Shares of the energy over the components: " + join(words, "; ") + "."}};
  figure.data_file = "noise_map.csv";
  figure.numbers = noise_map_table(run);
  if (figure.numbers.rows.size() > 20) figure.numbers.rows.resize(20);
  return figure;
}

}  // namespace farfield
