#include "analysis/field/field_output.h"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<FigureRow<FieldRun>>& field_figure_rows() {
  static const std::string kFields = "Fields", kMeasures = "Inside and outside";
  static const std::vector<FigureRow<FieldRun>> rows = {{kFields, density_figure},
                                                        {kFields, field_figure},
                                                        {kFields, component_figure},
                                                        {kMeasures, simplex_figure},
                                                        {kMeasures, outside_figure}};
  return rows;
}

Facts asked_of(const FieldRun& run) {
  const DataInfo& anchors = run.inputs.anchors->info();
  std::vector<std::string> others(run.names.begin() + 1, run.names.end());
  std::vector<std::string> levels;
  for (const double sigma : run.options.sigmas) levels.push_back(format_sigma(sigma));
  Facts asked = {{"model", run.inputs.of},
                 {"beside it", others.empty() ? std::string("nothing") : join(others, "; ")},
                 {"anchors", fmt::format("samples {} of {}", join(run.options.anchors, ", "), anchors.name)},
                 {"noise levels", join(levels, ", ")},
                 {"grid", fmt::format("{0} x {0} points", run.options.grid)}};
  if (run.inputs.data) asked.emplace_back("data", run.inputs.data->info().name);
  if (run.options.label) asked.emplace_back("class", std::to_string(*run.options.label));
  return asked;
}

std::string config_json(const FieldRun& run, const RunCall& call) {
  return dump_json(nlohmann::ordered_json{{"of", run.inputs.of},
                                          {"rows", run.names},
                                          {"data", run.inputs.data ? run.inputs.data->info().name : ""},
                                          {"anchors_of", run.inputs.anchors->info().name},
                                          {"anchors", run.options.anchors},
                                          {"sigmas", run.options.sigmas},
                                          {"grid", run.options.grid},
                                          {"batch", run.options.batch},
                                          {"class", run.options.label.value_or(-1)},
                                          {"device", call.device},
                                          {"precision", call.precision}});
}

void write_arrays(const FieldRun& run, const RunFolder& folder) {
  const auto line = [&](double low, double high) {
    return torch::tensor(grid_line(low, high, run.options.grid), torch::kFloat64);
  };
  std::map<std::string, torch::Tensor> arrays = {{"field", run.field},
                                                 {"log_density", run.log_density},
                                                 {"sigmas", torch::tensor(run.options.sigmas, torch::kFloat64)},
                                                 {"p", line(run.plane.p_low, run.plane.p_high)},
                                                 {"q", line(run.plane.q_low, run.plane.q_high)},
                                                 {"anchors", run.plane.anchors},
                                                 {"origin", run.plane.origin},
                                                 {"e1", run.plane.e1},
                                                 {"e2", run.plane.e2}};
  for (size_t row = 0; row < run.components.size(); ++row) {
    if (run.components[row].defined()) arrays[fmt::format("components_{}", row)] = run.components[row];
  }
  write_npz(folder.path("field.npz"), arrays);
}

}  // namespace

std::string save_field(const FieldRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string headline = field_headline(run);
  Report report("farfield field", "Score fields of " + run.inputs.of, headline,
                {call.command,
                 asked_of(run),
                 {{"batch", std::to_string(run.options.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_csv(folder.path("field.csv"), field_table(run));
  report.file("field.csv", "lengths inside the triangle and over the box, and what points out of the plane");
  write_arrays(run, folder);
  report.file("field.npz", "the fields, densities, grid, and plane");
  add_figures(report, field_figure_rows(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", config_json(run, call));
  info.add_text("headline", headline);
  info.add_text("data_fingerprint", run.inputs.anchors->info().fingerprint);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
