#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/geometry/geometry_report.h"
#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_tables.h"
#include "analysis/page/format.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

std::vector<PathSummary> summaries_of(const GeometryRun& run) {
  std::vector<PathSummary> summaries;
  for (const MeasuredPaths& path : run.paths) summaries.push_back(summarise_path(run, path));
  return summaries;
}

std::string summary_json(const GeometryView& view) {
  const GeometryRun& run = view.run;
  ordered_json json = summary_of(view.summaries[0]);
  json["trajectories"] = run.request.sampling.seeds.size();
  json["levels"] = run.levels.size();
  json["dimensions"] = run.dimensions;
  json["nfe"] = run.paths[0].nfe;
  json["space"] = std::string(to_string(run.request.measures.space));
  json["centred"] = run.request.measures.centred;
  for (size_t i = 1; i < run.paths.size(); ++i) json[run.paths[i].suffix.substr(1)] = summary_of(view.summaries[i]);
  return dump_json(json, 2) + "\n";
}

void write_tables(const GeometryView& view, Report& report, const RunFolder& folder) {
  const GeometryRun& run = view.run;
  const auto csv = [&](const std::string& name, const Table& table, const std::string& what) {
    write_csv(folder.path(name), table);
    report.file(name, what);
  };
  for (size_t i = 0; i < run.paths.size(); ++i) {
    const MeasuredPaths& path = run.paths[i];
    const std::string of = " of " + path.name;
    csv("geometry" + path.suffix + ".csv", geometry_table(run, view.summaries[i]),
        "every measure over the levels, mean and standard deviation," + of);
    csv("explained" + path.suffix + ".csv", explained_table(view.summaries[i]),
        "variance explained by the first components," + of);
    csv("reconstruction" + path.suffix + ".csv", reconstruction_table(run, view.summaries[i]),
        "error of the reconstructions from 1-D (k = 0) to 5-D," + of);
    csv("view" + path.suffix + ".csv", view_table(run, path), "coordinates of the three-dimensional view," + of);
    write_npz(folder.path("geometry" + path.suffix + ".npz"), geometry_arrays(run, path));
    report.file("geometry" + path.suffix + ".npz", "the same of every trajectory," + of);
  }
  csv("curves.csv", curve_table(run, view.summaries), "every line of the charts with its 95 % interval");
  if (run.forward.defined()) csv("forward.csv", forward_table(run), "the forward process at 500 levels");
  write_file_atomically(folder.path("summary.json"), summary_json(view));
  report.file("summary.json", "the numbers of the sentences");
}

Facts asked_of(const GeometryRun& run) {
  const DenoiserInfo& model = run.inputs.model->info();
  const SampleRequest& sampling = run.request.sampling;
  Facts asked = {
      {"model", run.inputs.model_text.empty() ? model.name : run.inputs.model_text + " (" + model.name + ")"},
      {"trajectories", fmt::format("{}, {} over {} levels from {} to {}, {} evaluations each", sampling.seeds.size(),
                                   run.request.solver, run.levels.size(), format_sigma(run.levels.front()),
                                   format_sigma(run.levels.back()), run.paths[0].nfe)},
      {"data", run.inputs.data
                   ? fmt::format("{}, {} samples", run.inputs.data->info().name, run.inputs.data->info().count)
                   : "none: no exact denoiser and no Gaussian beside the model"}};
  if (run.request.measures.space == PathSpace::kVp)
    asked.emplace_back("space", "variance preserving: z = x / sqrt(1 + sigma^2)");
  if (!run.request.measures.centred) asked.emplace_back("principal components", "without taking off the mean");
  if (model.label_dim > 0)
    asked.emplace_back("class", sampling.label ? std::to_string(*sampling.label) : "one for each seed");
  return asked;
}

Facts settings_of(const GeometryRun& run, const RunCall& call) {
  return {{"batch", std::to_string(run.request.sampling.batch)},
          {"solver", resolve_solver(run.request.solver)},
          {"device and precision", call.device + ", " + call.precision},
          {"intervals", "95 %, percentile bootstrap over trajectories, 1000 replicates"},
          {"time", format_seconds(call.seconds)},
          {"program", version_line()}};
}

std::string config_json(const GeometryRun& run, const RunCall& call) {
  const SampleRequest& sampling = run.request.sampling;
  return dump_json(ordered_json{{"model", run.inputs.model_text},
                                {"data", run.inputs.data ? run.inputs.data->info().name : ""},
                                {"solver", resolve_solver(run.request.solver)},
                                {"levels", run.levels},
                                {"trajectories", sampling.seeds.size()},
                                {"class", sampling.label.value_or(-1)},
                                {"space", std::string(to_string(run.request.measures.space))},
                                {"centred", run.request.measures.centred},
                                {"batch", sampling.batch},
                                {"device", call.device},
                                {"precision", call.precision}});
}

}  // namespace

std::string geometry_headline(const GeometryRun& run) {
  const std::vector<PathSummary> summaries = {summarise_path(run, run.paths[0])};
  return headline_of({run, summaries});
}

void save_geometry(const GeometryRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::vector<PathSummary> summaries = summaries_of(run);
  const GeometryView view{run, summaries};
  const std::string headline = headline_of(view);
  Report report("farfield geometry", "The shape of the trajectories of " + run.paths[0].name, headline,
                {call.command, asked_of(run), settings_of(run, call)});
  report.table(comparison_of_paths(view), "the paths side by side");
  report.table(observation_table(view), "what 000 observes of every path, and where it does not hold here");
  write_tables(view, report, folder);
  add_figures(report, geometry_figures(), view, folder);
  report.write(folder.path("report.html"));
  info.add("config", config_json(run, call));
  info.add("nfe", std::to_string(run.paths[0].nfe));
  info.add_text("headline", headline);
  const std::string& text = run.inputs.model_text;
  if (const auto file = text.empty() ? "" : model_file(text); !file.empty()) info.add_input("model", file);
  if (run.inputs.data) {
    info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
    info.add("data_left_out", dump_json(to_json(run.inputs.data->info().notes.left_out)));
  }
  folder.commit(std::move(info));
}

}  // namespace farfield
