#include "analysis/sweep/sweep_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/sweep/sweep_figures.h"
#include "analysis/sweep/sweep_tables.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<FigureRow<SweepView>>& sweep_figure_rows() {
  static const std::string kSweep = "Components and ranks", kDerived = "What they are worth";
  static const std::vector<FigureRow<SweepView>> rows = {
      {kSweep, over_components_figure},
      {kSweep, over_ranks_figure},
      {kDerived, gain_figure, "gain.csv", "what K Gaussians explain beyond one"},
      {kDerived, minimal_rank_figure, "minimal_rank.csv", "the least rank that does what the full one does"},
      {kDerived, trade_off_figure, "equal.csv", "pairs of components and ranks that leave the same"}};
  return rows;
}

Facts asked_of(const SweepRun& run) {
  const DataInfo& data = run.inputs.data->info();
  Facts asked = {{"model", run.inputs.model_text + " (" + run.inputs.model.denoiser->info().name + ")"},
                 {"data", fmt::format("{}, {} samples", data.name, data.count)},
                 {"components", join(run.options.components, ", ") + ", and all the data"},
                 {"ranks", join(run.options.ranks, ", ") + ", and the full one"},
                 {"probes", fmt::format("{} at each of {} noise levels, seed {}", run.options.probes,
                                        run.options.sigmas.size(), run.options.seed)}};
  if (run.options.label) asked.emplace_back("class", std::to_string(*run.options.label));
  std::vector<std::string> merged, small;
  for (const SweptMixture& mixture : run.mixtures) {
    if (mixture.clusters < mixture.components)
      merged.push_back(fmt::format("{} for K = {}", mixture.clusters, mixture.components));
    const size_t last = run.options.ranks.size() - 1;
    if (mixture.below[last] > 0) small.push_back(fmt::format("{} of {}", mixture.below[last], mixture.clusters));
  }
  if (!merged.empty()) asked.emplace_back("clusters", "the data repeat: " + join(merged, ", "));
  if (!small.empty()) {
    asked.emplace_back("small clusters", fmt::format("fewer eigenvectors than rank {}, and kept whole: {}",
                                                     run.options.ranks.back(), join(small, ", ")));
  }
  return asked;
}

std::string config_json(const SweepRun& run, const RunCall& call) {
  const SweepOptions& options = run.options;
  return dump_json(nlohmann::ordered_json{{"model", run.inputs.model_text},
                                          {"data", run.inputs.data->info().name},
                                          {"components", options.components},
                                          {"ranks", options.ranks},
                                          {"sigmas", options.sigmas},
                                          {"probes", options.probes},
                                          {"batch", options.batch},
                                          {"seed", options.seed},
                                          {"replicates", options.replicates},
                                          {"class", options.label.value_or(-1)},
                                          {"device", call.device},
                                          {"precision", call.precision}});
}

void write_arrays(const SweepRun& run, const RunFolder& folder) {
  std::vector<torch::Tensor> differences, full;
  for (const SweptMixture& mixture : run.mixtures) {
    differences.push_back(mixture.difference);
    full.push_back(torch::full({1}, mixture.largest_rank, torch::kInt64));
  }
  write_npz(folder.path("sweep.npz"), {{"components", torch::tensor(run.options.components, torch::kInt64)},
                                       {"ranks", torch::tensor(run.options.ranks, torch::kInt64)},
                                       {"full_ranks", torch::cat(full)},
                                       {"sigmas", torch::tensor(run.options.sigmas, torch::kFloat64)},
                                       {"difference", torch::stack(differences)},
                                       {"exact_difference", run.exact_difference},
                                       {"model_score", run.model_score}});
}

}  // namespace

std::string save_sweep(const SweepRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const SweepSummary summary = summarise_sweep(run);
  const std::string headline = sweep_headline(run, summary);
  Report report("farfield sweep", fmt::format("How many Gaussians of what rank explain {}", run.inputs.model.name),
                headline,
                {call.command,
                 asked_of(run),
                 {{"batch", std::to_string(run.options.batch)},
                  {"device and precision", call.device + ", " + call.precision + "; mixtures in float64 on the CPU"},
                  {"bootstrap", fmt::format("{} replicates", run.options.replicates)},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_csv(folder.path("sweep.csv"), sweep_table(run, summary));
  report.file("sweep.csv", "what every mixture leaves at every rank and noise level");
  write_arrays(run, folder);
  report.file("sweep.npz", "squared norms of every probe");
  add_figures(report, sweep_figure_rows(), {run, summary}, folder);
  report.write(folder.path("report.html"));
  info.add("config", config_json(run, call));
  info.add_text("headline", headline);
  info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
