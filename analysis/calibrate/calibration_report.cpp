#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/calibrate/calibration_run.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/paths/curve.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr const char* kTableFile = "table.yaml";

std::vector<double> as_doubles(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

// The cosine of each state's best size, by the measure that chose it: [n, L].
torch::Tensor cosine_of_chosen(const Calibration& result) {
  const torch::Tensor sizes = torch::tensor(result.sizes, torch::kInt64);
  const torch::Tensor at = torch::searchsorted(sizes, result.chosen.contiguous());
  return result.cosine.gather(2, at.unsqueeze(2)).squeeze(2).contiguous();
}

std::string how_calibrated(const CalibrationRun& run) {
  return fmt::format("{} trajectories of the model, {} over {} levels; at every state the scores of {} with k = {}.",
                     run.result.chosen.size(0), run.inputs.solver, run.result.levels.size(), run.inputs.reference,
                     join(run.inputs.sizes, ", "));
}

std::optional<Figure> size_figure(const CalibrationRun& run) {
  const Calibration& result = run.result;
  const auto styles = series_styles({run.inputs.reference.substr(0, run.inputs.reference.find(',')), "mode"});
  const Series median{"median", styles[0], result.levels, as_doubles(result.median), {}, {}};
  const Series mode{"mode", styles[1], result.levels, as_doubles(result.mode), {}, {}};
  Figure figure;
  figure.title = calibration_headline(run);
  figure.caption = fmt::format(
      "The size with the {} at each state, then the lower median and the commonest over trajectories. {} {} holds the "
      "medians.",
      run.options.by == SizeMeasure::kCosine ? "largest cosine to the model's score"
                                             : "smallest distance to the model's score",
      how_calibrated(run), kTableFile);
  figure.charts = {
      {line_chart({sigma_axis(result.levels), {{{"patch size", Scale::kLinear, {}}, {median, mode}, {}, 240}}}),
       figure.title}};
  figure.numbers.columns = {"σ", "median", "mode"};
  for (size_t n = 0; n < result.levels.size(); ++n) {
    figure.numbers.add({format_sigma(result.levels[n]), result.median[n], result.mode[n]});
  }
  figure.data_file = "calibration.csv";
  return figure;
}

std::optional<Figure> cosine_figure(const CalibrationRun& run) {
  const Calibration& result = run.result;
  const std::string kind = run.inputs.reference.substr(0, run.inputs.reference.find(','));
  const auto styles = series_styles(std::vector<std::string>(result.sizes.size(), kind));
  std::vector<Series> lines;
  Figure figure;
  figure.numbers.columns = {"σ"};
  std::vector<Curve> curves;
  for (size_t s = 0; s < result.sizes.size(); ++s) {
    const std::string label = fmt::format("{}", result.sizes[s]);
    curves.push_back(curve_of(result.cosine.select(2, static_cast<int64_t>(s)).contiguous()));
    lines.push_back(curve_series(label, styles[s], result.levels, curves.back()));
    figure.numbers.columns.push_back(label);
  }
  for (size_t n = 0; n < result.levels.size(); ++n) {
    std::vector<Cell> row = {format_sigma(result.levels[n])};
    for (const Curve& curve : curves) {
      row.emplace_back();
      if (std::isfinite(curve.mean[n])) row.back() = format_measured(curve.mean[n], curve.low[n], curve.high[n]);
    }
    figure.numbers.add(std::move(row));
  }
  figure.title = "The cosine of each size's score to the model's";
  figure.caption = "Means over trajectories; bands are 95 % bootstrap intervals. " + how_calibrated(run);
  figure.charts = {{line_chart({sigma_axis(result.levels), {{{"cosine", Scale::kLinear, {}}, lines, {1}, 280}}}),
                    figure.title + "."}};
  figure.data_file = "calibration.csv";
  return figure;
}

const std::vector<FigureRow<CalibrationRun>>& calibration_figures() {
  static const std::vector<FigureRow<CalibrationRun>> rows = {
      {"Patch size", size_figure},
      {"Agreement", cosine_figure},
  };
  return rows;
}

int64_t shorter_side(const CalibrationRun& run) {
  const auto& shape = run.inputs.data->info().shape;
  return std::min(shape[1], shape[2]);
}

void write_calibration_arrays(const CalibrationRun& run, const RunFolder& folder) {
  const Calibration& result = run.result;
  write_npz(folder.path("calibration.npz"), {{"sigmas", torch::tensor(result.levels, torch::kFloat64)},
                                             {"sizes", torch::tensor(result.sizes, torch::kInt64)},
                                             {"seeds", torch::tensor(run.options.request.seeds, torch::kInt64)},
                                             {"cosine", result.cosine.transpose(0, 1).contiguous()},
                                             {"distance", result.distance.transpose(0, 1).contiguous()},
                                             {"chosen", result.chosen.t().contiguous()},
                                             {"median", torch::tensor(result.median, torch::kInt64)},
                                             {"mode", torch::tensor(result.mode, torch::kInt64)}});
}

std::string calibration_summary(const CalibrationRun& run) {
  const Calibration& result = run.result;
  return dump_json(nlohmann::ordered_json{{"trajectories", result.chosen.size(0)},
                                          {"reference", run.inputs.reference},
                                          {"by", to_string(run.options.by)},
                                          {"sigmas", result.levels},
                                          {"sizes", result.sizes},
                                          {"median", result.median},
                                          {"mode", result.mode}},
                   2) +
         "\n";
}

Provenance calibration_provenance(const CalibrationRun& run, const RunCall& call) {
  const SampleRequest& request = run.options.request;
  const DataInfo& data = run.inputs.data->info();
  Provenance how;
  how.command = call.command;
  how.asked = {{"model", run.inputs.model_text + " (" + run.inputs.model->info().name + ")"},
               {"reference", run.inputs.reference},
               {"data", fmt::format("{}, {} samples", data.name, data.count)},
               {"trajectories", fmt::format("{}, {}", request.seeds.size(), run.inputs.solver)}};
  if (request.label) how.asked.emplace_back("class", std::to_string(*request.label));
  how.settings = {{"batch", std::to_string(request.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}};
  return how;
}

void add_calibration_records(RunInfo& info, const CalibrationRun& run, const RunCall& call) {
  const SampleRequest& request = run.options.request;
  info.add("config", dump_json(nlohmann::ordered_json{{"model", run.inputs.model_text},
                                                      {"reference", run.inputs.reference},
                                                      {"by", to_string(run.options.by)},
                                                      {"sizes", run.inputs.sizes},
                                                      {"solver", resolve_solver(run.inputs.solver)},
                                                      {"levels", run.result.levels},
                                                      {"class", request.label.value_or(-1)},
                                                      {"data", run.inputs.data->info().name},
                                                      {"batch", request.batch},
                                                      {"device", call.device},
                                                      {"precision", call.precision}}));
  info.add_text("headline", calibration_headline(run));
  info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
  info.add("data_left_out", dump_json(to_json(run.inputs.data->info().notes.left_out)));
}

}  // namespace

std::string calibration_headline(const CalibrationRun& run) {
  const Calibration& result = run.result;
  const torch::Tensor cosine = cosine_of_chosen(result);
  const double mean = cosine.masked_select(cosine.isfinite()).mean().item<double>();
  const std::string name = run.inputs.reference.substr(0, run.inputs.reference.find(','));
  if (std::ranges::adjacent_find(result.median, std::not_equal_to<>()) == result.median.end()) {
    return fmt::format("At every level {} of k = {} has the score of the model best, with a cosine of {} on average.",
                       name, result.median.front(), format_digits(mean, 4));
  }
  return fmt::format(
      "From σ = {} down to {} the {} that has the score of the model best goes from k = {} to {}, with a cosine of {} on "
      "average.",
      format_sigma(result.levels.front()), format_sigma(result.levels.back()), name, result.median.front(),
      result.median.back(), format_digits(mean, 4));
}

void save_calibrate(const CalibrationRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  write_csv(folder.path("calibration.csv"), calibration_table(run.result));
  write_calibration_arrays(run, folder);
  write_file_atomically(folder.path("summary.json"), calibration_summary(run));
  const std::string about = fmt::format("patch sizes of {}, by {} over {} trajectories of a model (farfield calibrate)",
                                        run.inputs.reference, to_string(run.options.by), run.result.chosen.size(0));
  write_file_atomically(folder.path(kTableFile), size_table_yaml(run.result, shorter_side(run), about));
  Report report("farfield calibrate", "The patch size of " + run.inputs.model->info().name, calibration_headline(run),
                calibration_provenance(run, call));
  report.file(kTableFile, "the patch size at every level: table=FILE of " + run.inputs.reference);
  report.file("calibration.csv", "every number of the charts");
  report.file("calibration.npz", "cosine, distance and best size of every state");
  report.file("summary.json", "the answer's numbers");
  add_figures(report, calibration_figures(), run, folder);
  report.write(folder.path("report.html"));
  add_calibration_records(info, run, call);
  folder.commit(std::move(info));
}

}  // namespace farfield
