#include "analysis/dynamics/dynamics_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/probe_sums.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<FigureRow<DynamicsView>>& dynamics_figure_rows() {
  static const std::string kLearning = "What is learned when", kNearest = "Nearest, and since";
  static const std::vector<FigureRow<DynamicsView>> rows = {
      {kLearning, learning_figure}, {kNearest, rise_figure}, {kNearest, nearest_time_figure}};
  return rows;
}

std::vector<int64_t> images_of(const DynamicsRun& run) {
  std::vector<int64_t> images;
  for (const Snapshot& snapshot : run.inputs.snapshots) images.push_back(snapshot.images);
  return images;
}

Facts asked_of(const DynamicsRun& run) {
  const CompareOptions& probes = run.options.probes;
  Facts asked = {
      {"snapshots", fmt::format("{} of {}, {} to {}", run.looks.size(), run.inputs.of, time_words(run, 0),
                                time_words(run, run.looks.size() - 1))},
      {"references", join(run.references, "; ")},
      {"data", fmt::format("{}, {} samples", run.inputs.data->info().name, run.inputs.data->info().count)},
      {"probes", fmt::format("{} noised samples at each of {} noise levels, seed {}: the same at every snapshot",
                             probes.probes, probes.sigmas.size(), probes.seed)}};
  if (run.options.label) asked.emplace_back("class", std::to_string(*run.options.label));
  return asked;
}

void write_arrays(const DynamicsRun& run, const RunFolder& folder) {
  const auto stacked = [&](torch::Tensor Comparison::* sum) {
    std::vector<torch::Tensor> all;
    for (const Comparison& look : run.looks) all.push_back((look.*sum)[0]);
    return torch::stack(all);
  };
  write_npz(folder.path("dynamics.npz"), {{"images", torch::tensor(images_of(run), torch::kInt64)},
                                          {"sigmas", torch::tensor(run.options.probes.sigmas, torch::kFloat64)},
                                          {"difference", stacked(&Comparison::difference)},
                                          {"model_score", stacked(&Comparison::model_score)},
                                          {"model_denoised", stacked(&Comparison::model_denoised)},
                                          {"reference_score", run.looks[0].reference_score[0]},
                                          {"reference_denoised", run.looks[0].reference_denoised[0]}});
}

std::string config_json(const DynamicsRun& run, const RunCall& call) {
  const CompareOptions& probes = run.options.probes;
  std::vector<std::string> snapshots;
  for (const Snapshot& snapshot : run.inputs.snapshots) snapshots.push_back(snapshot.model);
  return dump_json(nlohmann::ordered_json{{"of", run.inputs.of},
                                          {"snapshots", snapshots},
                                          {"images", images_of(run)},
                                          {"data", run.inputs.data->info().name},
                                          {"references", run.references},
                                          {"sigmas", probes.sigmas},
                                          {"probes", probes.probes},
                                          {"batch", probes.batch},
                                          {"seed", probes.seed},
                                          {"replicates", probes.replicates},
                                          {"class", run.options.label.value_or(-1)},
                                          {"device", call.device},
                                          {"precision", call.precision}});
}

}  // namespace

std::string save_dynamics(const DynamicsRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const DynamicsSummary summary = summarise_dynamics(run);
  const std::string headline = dynamics_headline(run, summary);
  Report report("farfield dynamics", "What the network has learned when: " + run.inputs.of, headline,
                {call.command,
                 asked_of(run),
                 {{"batch", std::to_string(run.options.probes.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"bootstrap", fmt::format("{} replicates", run.options.probes.replicates)},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_csv(folder.path("dynamics.csv"), dynamics_table(run, summary));
  report.file("dynamics.csv", "what every reference explains of every snapshot");
  write_csv(folder.path("nearest.csv"), nearest_table(run, summary));
  report.file("nearest.csv", "when each reference was nearest, and how far the network has gone since");
  write_arrays(run, folder);
  report.file("dynamics.npz", "squared norms of every probe and snapshot");
  add_figures(report, dynamics_figure_rows(), {run, summary}, folder);
  report.write(folder.path("report.html"));
  info.add("config", config_json(run, call));
  info.add_text("headline", headline);
  info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
