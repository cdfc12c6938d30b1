#include "analysis/theory/theory_output.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/theory/rotation.h"
#include "analysis/theory/theory_figures.h"
#include "analysis/theory/theory_tables.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

ordered_json summary_of_path(const TheoryRun& run, const std::string& path) {
  const auto most = [](const Curve& curve) {
    double value = std::nan("");
    for (const double mean : curve.mean) value = std::isfinite(value) && !(mean > value) ? value : mean;
    return value;
  };
  Curve lost = path_curve(run, path, "share");
  for (double& mean : lost.mean) mean = 1 - mean;
  return {{"least_share_in_plane", 1 - most(lost)},
          {"largest_rotation_error", most(path_curve(run, path, "rotation_error"))},
          {"largest_drift", most(path_curve(run, path, "drift"))},
          {"last_drift", path_curve(run, path, "drift").mean.back()}};
}

ordered_json summary_of_theory(const TheoryRun& run) {
  double worst = 0, sigma = 0;
  for (const ProcessPoint& point : noise_process("ve", run.options.request.levels, 400).points) {
    const double error = expected_rotation_error(run.gaussian, vp_alpha(point.time));
    if (error > worst) worst = error, sigma = point.time;
  }
  return {{"largest_rotation_error", worst},
          {"largest_rotation_error_sigma", sigma},
          {"rotation_error_bound", rotation_error_bound(run.gaussian)},
          {"printed_rotation_bound", printed_rotation_bound(run.gaussian)}};
}

ordered_json summary_of_experiment(const TheoryRun& run) {
  if (run.perturbations.empty()) return nullptr;
  const std::optional<double> missed = perturbation_deviation(run);
  return {{"trajectories", run.perturbations.at("along").size(0)},
          {"mean_deviation", missed ? ordered_json(*missed) : ordered_json(nullptr)}};
}

Facts asked_of(const TheoryRun& run) {
  const TheoryInputs& inputs = run.inputs;
  Facts asked;
  if (inputs.model) asked.emplace_back("model", inputs.model_text + " (" + inputs.model->info().name + ")");
  if (inputs.gaussian) {
    asked.emplace_back("Gaussian", fmt::format("{}, {} dimensions, rank {}", inputs.gaussian_text, run.gaussian.dim(),
                                               run.gaussian.rank()));
    asked.emplace_back("trajectories", fmt::format("{} seeds, {} levels from σ = {}", run.options.request.seeds.size(),
                                                   run.levels.size(), format_sigma(run.levels[0])));
  } else {
    asked.emplace_back("eigenvalues", fmt::format("{} of them, no data", run.gaussian.dim()));
  }
  if (inputs.model && inputs.model->info().label_dim > 0) {
    asked.emplace_back(
        "class", run.options.request.label
                     ? fmt::format("{} of the model; the Gaussian is as it was fitted", *run.options.request.label)
                     : "one a seed of the model; the Gaussian is that of all its data");
  }
  asked.emplace_back("process of the curves", run.options.process);
  return asked;
}

Facts settings_of(const TheoryRun& run, const RunCall& call) {
  Facts facts = {{"time", format_seconds(call.seconds)}, {"program", version_line()}};
  if (run.inputs.model) {
    facts.insert(facts.begin(), {{"solver", fmt::format("{}, {} evaluations", run.options.solver, run.nfe)},
                                 {"batch", std::to_string(run.options.request.batch)},
                                 {"device and precision", call.device + ", " + call.precision}});
  }
  return facts;
}

void write_table(const Table& table, const std::string& name, const std::string& what, Report& report,
                 const RunFolder& folder) {
  if (table.rows.empty()) return;
  write_csv(folder.path(name), table);
  report.file(name, what);
}

void write_files(const TheoryRun& run, Report& report, const RunFolder& folder) {
  write_table(curves_table(run), "theory.csv", "every curve over the process", report, folder);
  write_table(emergence_table(run.emergence), "emergence.csv", "the level at which each component appears", report,
              folder);
  write_table(rotation_table(run), "rotation.csv", "the plane of a trajectory's ends, and the rotation's error", report,
              folder);
  write_table(conserved_table(run), "conserved.csv", "the conserved quantity, and two predictions of the end", report,
              folder);
  write_table(prediction_table(run), "prediction.csv", "the two predictions along single components", report, folder);
  write_table(perturbation_table(run), "perturbation.csv", "responses of the end to perturbations", report, folder);
  write_table(noise_map_table(run), "noise_map.csv", "which components carry a sample's energy", report, folder);
  write_npz(folder.path("theory.npz"), theory_npz(run));
  report.file("theory.npz", "every measure of every trajectory");
  write_file_atomically(folder.path("summary.json"), theory_summary(run));
  report.file("summary.json", "the numbers of the sentences");
}

// Every figure of the theory: a new one is a function in theory_figures.h and a row here.
const std::vector<FigureRow<TheoryRun>>& theory_figure_rows() {
  static const std::string kSolution = "The Gaussian's solution", kPerturbed = "What a perturbation does",
                           kMap = "From noise to image", kRotation = "Rotation", kConserved = "What is conserved";
  static const std::vector<FigureRow<TheoryRun>> rows = {
      {kSolution, curves_figure},
      {kSolution, emergence_figure},
      {kPerturbed, perturbation_figure},
      {kPerturbed, amplification_figure},
      {kMap, strips_figure},
      {kMap, noise_map_figure},
      {kRotation, plane_figure},
      {kRotation, rotation_error_figure},
      {kRotation, deficit_figure},
      {kConserved, conserved_figure},
      {kConserved, prediction_figure},
  };
  return rows;
}

}  // namespace

std::string theory_headline(const TheoryRun& run) {
  const auto paths = measured_paths(run);
  const double first = std::sqrt(run.emergence.front().eigenvalue);
  if (paths.empty()) return fmt::format("The first feature appears at sigma = {}.", format_digits(first, 3));
  const ordered_json summary = summary_of_path(run, paths[0]);
  const auto digits = [&](const char* name) {
    return summary.at(name).is_number() && std::isfinite(summary.at(name).get<double>())
               ? format_digits(summary.at(name).get<double>(), 3)
               : std::string("nothing");
  };
  std::string text = fmt::format(
      "Of {}, the plane of a trajectory's two ends holds at least {} of its energy, and a rotation misses it by at most {}; the "
      "first feature appears at sigma = {}",
      words_of_path(paths[0]), digits("least_share_in_plane"), digits("largest_rotation_error"),
      format_digits(first, 3));
  if (const std::optional<double> missed = perturbation_deviation(run)) {
    text += fmt::format(". What perturbations make of the sample differs from the Gaussian's law by {} %",
                        format_digits(100 * *missed, 2));
  }
  return text + ".";
}

std::string theory_summary(const TheoryRun& run) {
  ordered_json summary = {{"process", run.options.process},
                          {"sigma_start", run.options.request.levels.front()},
                          {"dimensions", run.gaussian.dim()},
                          {"total_variance", run.gaussian.total_variance()},
                          {"first_sigma", std::sqrt(run.emergence.front().eigenvalue)},
                          {"expected", summary_of_theory(run)}};
  for (const std::string& path : measured_paths(run)) summary[path] = summary_of_path(run, path);
  summary["perturbations"] = summary_of_experiment(run);
  return dump_json(summary, 2) + "\n";
}

Arrays theory_npz(const TheoryRun& run) {
  Arrays arrays = run.paths;
  for (const auto& [name, values] : run.perturbations) arrays["perturbation_" + name] = values;
  const auto numbers = [](const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); };
  arrays["levels"] = numbers(run.levels);
  arrays["perturbed_levels"] = numbers(run.perturbed_levels);
  arrays["curve_eigenvalues"] = numbers(run.eigenvalues);
  arrays["components"] = torch::tensor(run.directions.components, torch::kInt64);
  arrays["component_eigenvalues"] = numbers(run.directions.eigenvalues);
  for (const auto& [path, views] : run.shown) {
    arrays["strip_" + path + "_states"] = views.x;
    arrays["strip_" + path + "_steps"] = views.step;
    arrays["strip_" + path + "_denoised"] = views.denoised;
  }
  if (!run.shown.empty()) arrays["strip_levels"] = torch::tensor(run.shown_levels, torch::kInt64);
  if (run.inputs.gaussian) arrays["seeds"] = torch::tensor(run.options.request.seeds, torch::kInt64);
  return arrays;
}

void save_theory(const TheoryRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string of = run.inputs.model      ? run.inputs.model->info().name
                         : run.inputs.gaussian ? run.inputs.gaussian_text
                                               : std::string("eigenvalues alone");
  Report report("farfield theory", "The exact theory of a Gaussian, and " + of, theory_headline(run),
                {call.command, asked_of(run), settings_of(run, call)});
  write_files(run, report, folder);
  add_figures(report, theory_figure_rows(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", dump_json(ordered_json{{"process", run.options.process},
                                            {"levels", run.options.request.levels},
                                            {"components", run.directions.components},
                                            {"device", call.device},
                                            {"precision", call.precision}}));
  info.add_text("headline", theory_headline(run));
  info.add_number("nfe", static_cast<double>(run.nfe));
  folder.commit(std::move(info));
}

}  // namespace farfield
