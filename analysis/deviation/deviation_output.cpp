#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/deviation/deviation_report.h"
#include "analysis/page/format.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

std::string start_text(const DeviationRun& run) {
  return run.request.start == DeviationStart::kNoise ? "noise" : "samples of the data with noise on top";
}

Facts asked_of(const DeviationRun& run) {
  const DeviationSubject& subject = run.inputs.subject;
  const SampleRequest& sampling = run.request.sampling;
  Facts asked = {
      {"model", run.inputs.model_text + " (" + subject.model->info().name + ")"},
      {"held against", run.inputs.optimal_text + " (" + subject.optimal->info().name + ")"},
      {"data", fmt::format("{}, {} samples", subject.data->info().name, subject.data->info().count)},
      {"trajectories", fmt::format("{} from {}, {} over {} levels from {} to {}, {} evaluations each",
                                   sampling.seeds.size(), start_text(run), run.request.solver, run.levels.size(),
                                   format_sigma(run.levels.front()), format_sigma(run.levels.back()), run.nfe)}};
  if (subject.model->info().label_dim > 0) {
    asked.emplace_back("class", sampling.label ? std::to_string(*sampling.label) : std::string("one a trajectory"));
    if (subject.optimal->info().label_dim == 0)
      asked.emplace_back("note", "D* knows no classes: it is that of all data, whatever the model is asked for");
  }
  return asked;
}

Facts settings_of(const DeviationRun& run, const RunCall& call) {
  return {{"batch", std::to_string(run.request.sampling.batch)},
          {"solver", resolve_solver(run.request.solver)},
          {"bandwidth", run.request.bandwidth ? run.request.bandwidth->text() : "none"},
          {"neighbours", std::to_string(run.request.k)},
          {"device and precision", call.device + ", " + call.precision},
          {"intervals", "95 %, percentile bootstrap over trajectories, 1000 replicates"},
          {"time", format_seconds(call.seconds)},
          {"program", version_line()}};
}

Arrays arrays_of(const DeviationRun& run) {
  Arrays arrays = {{"sigma", torch::tensor(run.levels, torch::kFloat64)},
                   {"seeds", torch::tensor(run.request.sampling.seeds, torch::kInt64)}};
  for (const auto& [name, values] : run.measures) arrays[name] = values.t().contiguous();
  for (const auto& [name, values] : run.neighbours) arrays[name] = values;
  const std::pair<const char*, torch::Tensor DeviationStrips::*> kept[] = {
      {"strip_forward", &DeviationStrips::forward},
      {"strip_x", &DeviationStrips::x},
      {"strip_denoised", &DeviationStrips::denoised},
      {"strip_optimal", &DeviationStrips::optimal},
      {"strip_star", &DeviationStrips::star},
      {"strip_star_denoised", &DeviationStrips::star_denoised},
      {"strip_star_optimal", &DeviationStrips::star_optimal}};
  for (const auto& [name, field] : kept) {
    if ((run.strips.*field).defined()) arrays[name] = run.strips.*field;
  }
  return arrays;
}

void write_tables(const DeviationView& view, Report& report, const RunFolder& folder) {
  write_csv(folder.path("deviation.csv"), deviation_table(view.run, view.summary));
  report.file("deviation.csv", "every measure over the levels: mean, standard deviation, 95 % interval");
  write_csv(folder.path("neighbours.csv"), neighbour_ends_table(view.run));
  report.file("neighbours.csv", "the nearest data points of the last D(x) and D*(x*) of every trajectory");
  write_npz(folder.path("deviation.npz"), arrays_of(view.run));
  report.file("deviation.npz", "the same of every trajectory, and the sequences of the first");
  write_file_atomically(folder.path("summary.json"), deviation_summary_json(view.run, view.summary));
  report.file("summary.json", "the numbers of the sentences");
}

std::string config_json(const DeviationRun& run, const RunCall& call) {
  const SampleRequest& sampling = run.request.sampling;
  return dump_json(ordered_json{{"model", run.inputs.model_text},
                                {"optimal", run.inputs.optimal_text},
                                {"data", run.inputs.subject.data->info().name},
                                {"start", run.request.start == DeviationStart::kNoise ? "seeds" : "data"},
                                {"solver", resolve_solver(run.request.solver)},
                                {"levels", run.levels},
                                {"trajectories", sampling.seeds.size()},
                                {"class", sampling.label.value_or(-1)},
                                {"bandwidth", run.request.bandwidth ? run.request.bandwidth->text() : "none"},
                                {"k", run.request.k},
                                {"batch", sampling.batch},
                                {"device", call.device},
                                {"precision", call.precision}});
}

}  // namespace

std::string deviation_headline(const DeviationRun& run) {
  const DeviationSummary summary = summarise_deviation(run);
  return headline_of(view_of(run, summary));
}

std::string save_deviation(const DeviationRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const DeviationSummary summary = summarise_deviation(run);
  const DeviationView view = view_of(run, summary);
  const std::string headline = headline_of(view);
  Report report("farfield deviation", fmt::format("{} and {}", view.model, view.optimal), headline,
                {call.command, asked_of(run), settings_of(run, call)});
  write_tables(view, report, folder);
  add_figures(report, deviation_figures(), view, folder);
  report.write(folder.path("report.html"));
  info.add("config", config_json(run, call));
  info.add("nfe", std::to_string(run.nfe));
  info.add_text("headline", headline);
  const DataInfo& data = run.inputs.subject.data->info();
  info.add_text("data_fingerprint", data.fingerprint);
  info.add("data_left_out", dump_json(to_json(data.notes.left_out)));
  for (const auto& [role, model] : {std::pair("model", run.inputs.model_text), {"optimal", run.inputs.optimal_text}}) {
    if (const auto file = model_file(model); !file.empty()) info.add_input(role, file);
  }
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
