#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "analysis/page/report.h"
#include "analysis/paths/curve.h"
#include "analysis/restoration/measurements.h"
#include "analysis/restoration/restore_figures.h"
#include "analysis/restoration/restore_run.h"
#include "core/io/image.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;
using torch::Tensor;

constexpr int64_t kPictures = 64, kPicturePixels = 64;

// The mean over measurements, samples of one averaged first.
Average over_measurements(const Tensor& values) { return average_of(values.dim() == 2 ? values.mean(1) : values); }

std::string average_words(const Tensor& values) {
  const Average average = over_measurements(values);
  return format_measured(average.mean, average.low, average.high);
}

ordered_json measured_json(const Tensor& values) {
  if (!values.defined()) return {};
  const Average average = over_measurements(values);
  if (!std::isfinite(average.mean)) return {};
  return {{"mean", average.mean}, {"low", average.low}, {"high", average.high}};
}

Tensor in_deviations(const RestoreRun& run) {
  return run.options.sigma_y > 0 ? run.residual / run.options.sigma_y : Tensor();
}

Facts asked_facts(const RestoreRun& run) {
  Facts asked = {{"model", run.inputs.model_text + " (" + run.inputs.model->info().name + ")"},
                 {"measurements", fmt::format("{} of {}", run.x.size(0), run.inputs.measured_text)},
                 {"operator", fmt::format("{}, {} numbers to {}", run.inputs.op->info().name, run.x[0][0].numel(),
                                          run.inputs.op->info().measured)},
                 {"sigma_y", format_double(run.options.sigma_y) + " in units of [−1, 1]"},
                 {"method", run.method},
                 {"levels", fmt::format("{} steps from {}", run.options.levels.size() - 1,
                                        format_sigma(run.options.levels.front()))},
                 {"samples", fmt::format("{} of each measurement, seeds from {}", run.x.size(1), run.options.seed)}};
  if (run.takes_solver) asked.emplace_back("solver", run.inputs.solver);
  if (!run.options.perceptual.features.empty()) asked.emplace_back("perceptual", run.options.perceptual.features);
  if (run.options.teleport) asked.emplace_back("teleported to", format_sigma(*run.options.teleport));
  if (run.options.label) asked.emplace_back("class", std::to_string(*run.options.label));
  return asked;
}

// restored.png: a row a measurement: truth and measurement where they can be drawn, and its first sample.
void write_picture(const RestoreRun& run, const RunFolder& folder) {
  if (run.x.dim() != 5) return;
  const int64_t shown = std::min(kPictures, run.x.size(0));
  std::vector<Tensor> columns;
  if (run.inputs.truth.defined()) columns.push_back(run.inputs.truth);
  const OperatorInfo& op = run.inputs.op->info();
  if (op.measurement_shape == op.image_shape) {
    columns.push_back(run.inputs.y);
  } else if (run.before.defined()) {
    columns.push_back(run.before);
  }
  columns.push_back(run.x.select(1, 0));
  for (Tensor& column : columns) column = column.narrow(0, 0, shown);
  const Tensor bytes = to_bytes(drawable(torch::stack(columns, 1).flatten(0, 1).contiguous()));
  const int64_t zoom = std::max<int64_t>(1, kPicturePixels / bytes.size(1));
  write_png(folder.path("restored.png"), image_grid(bytes, static_cast<int64_t>(columns.size()), 2, zoom),
            {{"method", run.method}, {"operator", op.name}});
}

void write_restored(const RestoreRun& run, const RunFolder& folder) {
  std::map<std::string, Tensor> arrays = {
      {"restored", run.x}, {"residual", run.residual}, {"levels", torch::tensor(run.options.levels, torch::kFloat64)}};
  for (const auto& [name, values] : std::map<std::string, Tensor>{{"psnr", run.psnr},
                                                                  {"perceptual", run.perceptual},
                                                                  {"pseudo_inverse", run.before},
                                                                  {"posterior_mean", run.posterior_mean},
                                                                  {"posterior_deviation", run.posterior_deviation}}) {
    if (values.defined()) arrays[name] = values;
  }
  write_npz(folder.path("restored.npz"), arrays);
  write_measurements(folder.path("measurement.npz"),
                     {run.inputs.y, run.inputs.truth, run.inputs.op->info().name, run.options.sigma_y});
}

std::string restore_config_json(const RestoreRun& run, const RunCall& call) {
  const RestoreOptions& options = run.options;
  return dump_json(ordered_json{{"model", run.inputs.model_text},
                                {"measured", run.inputs.measured_text},
                                {"operator", run.inputs.op->info().name},
                                {"sigma_y", options.sigma_y},
                                {"method", run.method},
                                {"solver", run.takes_solver ? ordered_json(run.inputs.solver) : ordered_json()},
                                {"samples", options.samples},
                                {"seed", options.seed},
                                {"class", options.label.value_or(-1)},
                                {"features", options.perceptual.features},
                                {"teleport", options.teleport ? ordered_json(*options.teleport) : ordered_json()},
                                {"batch", options.batch},
                                {"device", call.device},
                                {"precision", call.precision}});
}

}  // namespace

std::string restore_headline(const RestoreRun& run) {
  std::vector<std::string> words;
  if (run.psnr.defined()) {
    std::string near = "PSNR " + average_words(run.psnr) + " dB";
    if (run.psnr_before.defined()) near += " (" + average_words(run.psnr_before) + " of A⁺ y)";
    words.push_back(near);
  }
  words.push_back(run.options.sigma_y > 0 ? "residual " + average_words(in_deviations(run)) + " σ_y √m"
                                          : "residual " + average_words(run.residual) + " √m");
  if (run.perceptual.defined()) words.push_back("perceptual distance " + average_words(run.perceptual));
  words.push_back(fmt::format("{} evaluations and {} products a sample", run.nfe, run.products));
  return join(words, "; ") + ".";
}

Table restore_table(const RestoreRun& run) {
  Table table;
  table.columns = {"measurement",           "sample",    "seed", "psnr_db", "psnr_before_db", "residual",
                   "residual_over_sigma_y", "perceptual"};
  const Tensor deviations = in_deviations(run);
  const auto finite = [](const Tensor& values, int64_t i, int64_t j) -> Cell {
    if (!values.defined()) return {};
    const double value = (values.dim() == 2 ? values[i][j] : values[i]).item<double>();
    return std::isfinite(value) ? Cell(value) : Cell();
  };
  for (int64_t i = 0; i < run.x.size(0); ++i) {
    for (int64_t j = 0; j < run.x.size(1); ++j) {
      std::vector<Cell> row = {i, j, run.options.seed + i * run.x.size(1) + j};
      for (const Tensor& values : {run.psnr, run.psnr_before, run.residual, deviations, run.perceptual})
        row.push_back(finite(values, i, j));
      table.add(std::move(row));
    }
  }
  return table;
}

std::string restore_result_json(const RestoreRun& run) {
  return dump_json(ordered_json{{"measurements", run.x.size(0)},
                                {"samples", run.x.size(1)},
                                {"nfe_per_sample", run.nfe},
                                {"products_per_sample", run.products},
                                {"seconds", run.seconds},
                                {"psnr_db", measured_json(run.psnr)},
                                {"psnr_before_db", measured_json(run.psnr_before)},
                                {"residual", measured_json(run.residual)},
                                {"residual_over_sigma_y", measured_json(in_deviations(run))},
                                {"perceptual", measured_json(run.perceptual)}});
}

std::string save_restore(const RestoreRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string headline = restore_headline(run);
  write_restored(run, folder);
  write_picture(run, folder);
  write_csv(folder.path("restored.csv"), restore_table(run));
  Report report("farfield restore", "Restored by " + run.method.substr(0, run.method.find(',')), headline,
                {call.command,
                 asked_facts(run),
                 {{"batch", std::to_string(run.options.batch)},
                  {"device and precision", call.device + ", " + call.precision + "; the state in float64"},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  report.file("restored.csv", "how near every sample is, and how well it fits");
  report.file("restored.npz", "the restored samples");
  report.file("measurement.npz", "what was measured, by which operator, and the truth");
  if (run.x.dim() == 5) report.file("restored.png", "truth, measurement and restored sample");
  add_figures(report, restore_figure_rows(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", restore_config_json(run, call));
  info.add("levels", dump_json(ordered_json(run.options.levels)));
  info.add("result", restore_result_json(run));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
