#include "analysis/likelihood/likelihood_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/likelihood/likelihood_figures.h"
#include "analysis/likelihood/likelihood_tables.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<FigureRow<LikelihoodView>>& likelihood_figure_rows() {
  static const std::string kBits = "Bits per dimension", kSource = "Where it comes from";
  static const std::vector<FigureRow<LikelihoodView>> rows = {
      {kBits, bits_figure},
      {kBits, histogram_figure, "histogram.csv", "samples over bits per dimension"},
      {kSource, growth_figure}};
  return rows;
}

std::vector<std::string> reference_names_of(const LikelihoodRun& run) {
  std::vector<std::string> names;
  for (const Subject& reference : run.inputs.references) names.push_back(reference.name);
  return names;
}

Facts asked_of_likelihood(const LikelihoodRun& run, const LikelihoodSummary& summary) {
  const LikelihoodOptions& options = run.options;
  Facts asked = {{"model", run.inputs.model_text + " (" + run.inputs.model.denoiser->info().name + ")"}};
  for (const LikelihoodSet& set : summary.sets)
    asked.emplace_back(set.name, fmt::format("{}, {} samples", set.data, set.count));
  asked.emplace_back("noise levels", fmt::format("from {} to {}", format_sigma(options.range.sigma_min),
                                                 format_sigma(options.range.sigma_max)));
  asked.emplace_back("trace", in_words(options.trace));
  asked.emplace_back("solver", in_words(options.solver));
  asked.emplace_back("dequantisation", in_words(options.dequantise));
  if (options.label) asked.emplace_back("class", std::to_string(*options.label));
  if (!run.inputs.references.empty()) asked.emplace_back("references", join(reference_names_of(run), ", "));
  asked.emplace_back("seed", std::to_string(options.seed));
  return asked;
}

std::string likelihood_config(const LikelihoodRun& run, const RunCall& call) {
  const LikelihoodOptions& options = run.options;
  return dump_json(nlohmann::ordered_json{{"model", run.inputs.model_text},
                                          {"data", run.inputs.data->info().name},
                                          {"against", run.inputs.against ? run.inputs.against->info().name : ""},
                                          {"references", reference_names_of(run)},
                                          {"sigma_min", options.range.sigma_min},
                                          {"sigma_max", options.range.sigma_max},
                                          {"trace", in_words(options.trace)},
                                          {"solver", in_words(options.solver)},
                                          {"dequantisation", in_words(options.dequantise)},
                                          {"count", options.count},
                                          {"batch", options.batch},
                                          {"seed", options.seed},
                                          {"class", options.label.value_or(-1)},
                                          {"device", call.device},
                                          {"precision", call.precision}});
}

void write_likelihood_arrays(const LikelihoodRun& run, const RunFolder& folder) {
  Arrays arrays = {{"own", torch::full({1}, run.own, torch::kInt64)},
                   {"integral", run.integral},
                   {"integral_error", run.integral_error},
                   {"log_prior", run.log_prior},
                   {"log_density", run.log_density},
                   {"evaluations", run.evaluations},
                   {"sigmas", torch::tensor(growth_levels(run), torch::kFloat64)},
                   {"growth", run.growth}};
  if (run.references.defined()) arrays["references"] = run.references;
  write_npz(folder.path("likelihood.npz"), arrays);
}

}  // namespace

std::string save_likelihood(const LikelihoodRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const LikelihoodSummary summary = summarise_likelihood(run);
  const std::string headline = likelihood_headline(run, summary);
  Report report("farfield likelihood", fmt::format("How likely {} finds data", run.inputs.model.name), headline,
                {call.command,
                 asked_of_likelihood(run, summary),
                 {{"batch", std::to_string(run.options.batch)},
                  {"evaluations",
                   fmt::format("{} of D with its divergence, for all samples", run.evaluations.sum().item<int64_t>())},
                  {"device and precision", call.device + ", " + call.precision + "; states in float64"},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_csv(folder.path("likelihood.csv"), likelihood_table(run, summary));
  report.file("likelihood.csv", "every sample's likelihood, by every way to it");
  write_csv(folder.path("summary.csv"), summary_table(summary));
  report.file("summary.csv", "bits per dimension of every set and way, with intervals");
  write_csv(folder.path("trace.csv"), growth_table(run, summary));
  report.file("trace.csv", "the trace over the noise levels");
  write_likelihood_arrays(run, folder);
  report.file("likelihood.npz", "the numbers of every sample and draw");
  add_figures(report, likelihood_figure_rows(), {run, summary}, folder);
  report.write(folder.path("report.html"));
  info.add("config", likelihood_config(run, call));
  info.add_text("headline", headline);
  info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
  if (run.inputs.against) info.add_text("against_fingerprint", run.inputs.against->info().fingerprint);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
