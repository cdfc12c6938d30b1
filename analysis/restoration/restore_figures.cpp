#include "analysis/restoration/restore_figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"
#include "analysis/paths/curve.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kColumnsShown = 9, kMeasurementsShown = 4;
constexpr const char* kPseudoInverse = "A^+ y";  // in pictures, whose letters are ASCII

std::string measured_words(const Tensor& values, int64_t samples) {
  // Samples of one measurement are no independent measurements: an interval is over the measurements.
  const Average average = average_of(values.reshape({-1, samples}).mean(1));
  return format_measured(average.mean, average.low, average.high);
}

// The values in order, over the share that is below.
Series in_order(const std::string& label, const SeriesStyle& style, const Tensor& values) {
  const Tensor sorted = std::get<0>(values.flatten().masked_select(values.flatten().isfinite()).sort());
  Series series{label, style, {}, {}, {}, {}};
  const auto count = static_cast<double>(sorted.size(0));
  for (int64_t i = 0; i < sorted.size(0); ++i) {
    series.x.push_back((static_cast<double>(i) + 0.5) / count);
    series.y.push_back(sorted[i].item<double>());
  }
  return series;
}

std::string chart_of(const std::string& share, const std::string& what, std::vector<Series> lines,
                     std::vector<double> guides = {}) {
  return line_chart({{share, Scale::kLinear, std::pair{0., 1.}},
                     {{{what, Scale::kLinear, {}}, std::move(lines), std::move(guides), 240}}});
}

// What is seen of the measurements in the shape of the images: themselves, or A^+ y. [N, ...], undefined: nothing.
Tensor seen_measurements(const RestoreRun& run, std::string& label) {
  const OperatorInfo& op = run.inputs.op->info();
  if (op.measurement_shape == op.image_shape) {
    label = "measurement";
    return run.inputs.y;
  }
  label = kPseudoInverse;
  return run.before;
}

// One picture of many measurements, a column each.
std::vector<Picture> one_sample_each(const RestoreRun& run, const Tensor& seen, const std::string& seen_label) {
  const int64_t shown = std::min(kColumnsShown, run.x.size(0));
  const auto first = [&](const Tensor& rows) { return rows.narrow(0, 0, shown); };
  Strip strip{"", "measurement", {}, {}};
  for (int64_t i = 0; i < shown; ++i) strip.columns.push_back(std::to_string(i));
  if (run.inputs.truth.defined()) strip.rows.push_back({"truth", first(run.inputs.truth)});
  if (seen.defined()) strip.rows.push_back({seen_label, first(seen)});
  strip.rows.push_back({"restored", first(run.x.select(1, 0))});
  return {*strip_picture(strip)};
}

// A picture a measurement, a column each of its samples.
std::vector<Picture> several_samples(const RestoreRun& run, const Tensor& seen, const std::string& seen_label) {
  std::vector<Picture> pictures;
  for (int64_t i = 0; i < std::min(kMeasurementsShown, run.x.size(0)); ++i) {
    const int64_t shown = std::min(kColumnsShown, run.x.size(1));
    Strip strip{fmt::format("measurement {}", i), "sample", {}, {}};
    for (int64_t j = 0; j < shown; ++j) strip.columns.push_back(std::to_string(j));
    if (run.inputs.truth.defined()) strip.rows.push_back({"truth", run.inputs.truth.narrow(0, i, 1)});
    if (seen.defined()) strip.rows.push_back({seen_label, seen.narrow(0, i, 1)});
    strip.rows.push_back({"restored", run.x[i].narrow(0, 0, shown)});
    strip.rows.push_back({"their mean", run.x[i].mean(0, true)});
    if (run.posterior_mean.defined())
      strip.rows.push_back({"exact mean", run.posterior_mean[i].reshape(run.x[i][0].sizes()).unsqueeze(0)});
    pictures.push_back(*strip_picture(strip));
  }
  return pictures;
}

std::optional<Figure> pictures_figure(const RestoreRun& run) {
  if (run.x.dim() != 5) return std::nullopt;
  std::string label;
  const Tensor seen = seen_measurements(run, label);
  Figure figure;
  figure.title = "What was measured, and what was made of it";
  figure.caption = "From −1 (black) to 1 (white), cut off outside.";
  if (label == kPseudoInverse)
    figure.caption += " A^+ y, the pseudo-inverse, is the smallest image that the measurement fits.";
  figure.pictures = run.x.size(1) == 1 ? one_sample_each(run, seen, label) : several_samples(run, seen, label);
  return figure;
}

std::optional<Figure> psnr_figure(const RestoreRun& run) {
  if (!run.psnr.defined()) return std::nullopt;
  const auto styles = series_styles({"network", "jump"});
  std::vector<Series> lines = {in_order("restored", styles[0], run.psnr)};
  Figure figure;
  figure.title = fmt::format("PSNR {} dB over {} measurements", measured_words(run.psnr, run.x.size(1)), run.x.size(0));
  if (run.psnr_before.defined()) {
    lines.push_back(in_order("A⁺ y", styles[1], run.psnr_before));
    figure.title += fmt::format(", {} dB of A⁺ y", measured_words(run.psnr_before, 1));
  }
  figure.caption = fmt::format(
      "10 log10(4 / mean square error), of images in [−1, 1], every sample, in order. {} sample(s) of each measurement; the "
      "number above is the mean over measurements.",
      run.x.size(1));
  figure.charts = {{chart_of("share of samples", "PSNR, dB", std::move(lines)), figure.title + "."}};
  figure.data_file = "restored.csv";
  return figure;
}

std::optional<Figure> perceptual_figure(const RestoreRun& run) {
  if (!run.perceptual.defined()) return std::nullopt;
  Figure figure;
  figure.title = "The perceptual distance from the truth is " + measured_words(run.perceptual, run.x.size(1));
  figure.caption = "By " + run.options.perceptual.features +
                   ": the weighted squared distance of its maps (farfield similarity), every sample, in order.";
  figure.charts = {{chart_of("share of samples", "perceptual distance",
                             {in_order("restored", series_styles({"network"})[0], run.perceptual)}),
                    figure.title + "."}};
  figure.data_file = "restored.csv";
  return figure;
}

std::optional<Figure> residual_figure(const RestoreRun& run) {
  const double sigma_y = run.options.sigma_y;
  const auto styles = series_styles({"network"});
  Figure figure;
  const Tensor values = sigma_y > 0 ? run.residual / sigma_y : run.residual;
  const std::string what = sigma_y > 0 ? "|y − A x| / (σ_y √m)" : "|y − A x| / √m";
  figure.title = fmt::format("{} is {} on average", what, measured_words(values, run.x.size(1)));
  figure.caption = sigma_y > 0
                       ? "How far restored samples are from what was measured, in deviations of its noise (σ_y = " +
                             format_digits(sigma_y, 3) + "): the truth itself is near 1."
                       : "How far restored samples are from what was measured, without noise.";
  figure.charts = {{chart_of("share of samples", what, {in_order("restored", styles[0], values)},
                             sigma_y > 0 ? std::vector<double>{1} : std::vector<double>{}),
                    figure.title + "."}};
  figure.data_file = "restored.csv";
  return figure;
}

std::optional<Figure> spread_figure(const RestoreRun& run) {
  if (run.x.size(1) < 2) return std::nullopt;
  const Tensor deviation = run.x.std(1, /*unbiased=*/true).flatten(1);
  const auto styles = series_styles({"network", "gaussian"});
  const auto root_mean_square = [](const Tensor& of) {
    return format_digits(of.square().mean().sqrt().item<double>(), 3);
  };
  std::vector<Series> lines = {in_order("samples", styles[0], deviation[0])};
  Figure figure;
  figure.title = fmt::format("{} samples of a measurement differ by {}", run.x.size(1), root_mean_square(deviation));
  if (run.posterior_deviation.defined()) {
    lines.push_back(in_order("exact posterior", styles[1], run.posterior_deviation[0]));
    figure.title += fmt::format(", those of the exact posterior by {}", root_mean_square(run.posterior_deviation));
  }
  figure.caption =
      "Root mean square over all numbers and measurements of the standard deviation over the samples of a measurement. The chart has "
      "the first measurement's numbers, in order.";
  Table& table = figure.numbers;
  table.columns = {"measurement", "deviation_of_samples", "exact_deviation", "mean_from_exact"};
  for (int64_t i = 0; i < deviation.size(0); ++i) {
    const auto rms = [](const Tensor& of) { return of.square().mean().sqrt().item<double>(); };
    std::vector<Cell> row = {i, rms(deviation[i])};
    if (run.posterior_deviation.defined()) {
      row.emplace_back(rms(run.posterior_deviation[i]));
      row.emplace_back(rms(run.x[i].mean(0).flatten() - run.posterior_mean[i]));
    }
    row.resize(table.columns.size());
    table.add(std::move(row));
  }
  figure.charts = {{chart_of("share of numbers", "standard deviation", std::move(lines)), figure.title + "."}};
  return figure;
}

}  // namespace

const std::vector<FigureRow<RestoreRun>>& restore_figure_rows() {
  static const std::vector<FigureRow<RestoreRun>> rows = {
      {"Pictures", pictures_figure},
      {"How near", psnr_figure},
      {"How near to a network", perceptual_figure},
      {"How well it fits", residual_figure},
      {"Spread", spread_figure, "spread.csv",
       "how the samples of each measurement differ, beside the exact posterior"}};
  return rows;
}

}  // namespace farfield
