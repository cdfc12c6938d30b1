#include "analysis/symmetry/symmetry_output.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/paths/path.h"
#include "analysis/symmetry/symmetry_figures.h"
#include "analysis/symmetry/symmetry_tables.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

// sigma, alpha and time of a level; null where there is none.
ordered_json place_json(std::optional<double> sigma) {
  if (!sigma) return nullptr;
  return {{"sigma", *sigma}, {"alpha", vp_alpha(*sigma)}, {"time", vp_time_of(*sigma)}};
}

ordered_json or_null(std::optional<double> value) { return value ? ordered_json(*value) : ordered_json(nullptr); }

std::optional<double> critical_sigma(const SymmetryRun& run) {
  return run.path.critical ? std::optional(run.path.critical->sigma) : std::nullopt;
}

// |<direction, u_1>| where the symmetry breaks, or is softest.
std::optional<double> agreement(const SymmetryRun& run) {
  if (!run.inputs.gaussian) return std::nullopt;
  const FixedPoint& at = run.path.critical ? *run.path.critical : run.path.centre[softest_place(run.path)];
  return std::fabs(at.direction.dot(run.inputs.gaussian->basis.select(1, 0)).item<double>());
}

Facts asked_of(const SymmetryRun& run) {
  Facts asked = {
      {"model", run.pair ? run.inputs.model_text : run.inputs.model_text + " (" + run.inputs.model->info().name + ")"}};
  if (run.inputs.gaussian) asked.emplace_back("Gaussian", run.inputs.gaussian_text);
  if (run.options.label) {
    asked.emplace_back("class", std::to_string(*run.options.label));
  } else if (run.inputs.model->info().label_dim > 0) {
    asked.emplace_back("class",
                       "none: the network, trained with labels, is asked without one (--class K asks for one)");
  }
  asked.emplace_back("levels",
                     fmt::format("{} from σ = {} to {}", run.path.levels.size(), format_sigma(run.path.levels.front()),
                                 format_sigma(run.path.levels.back())));
  if (run.path.lost)
    asked.emplace_back(
        "lost", fmt::format("at σ = {}: Newton's method found the centre no more", format_sigma(*run.path.lost)));
  return asked;
}

Facts settings_of(const SymmetryRun& run, const RunCall& call) {
  const FixedPointOptions how = fixed_point_options(*run.inputs.model);
  return {{"evaluations", std::to_string(run.path.evaluations)},
          {"Jacobian",
           fmt::format("products by central differences of {:g} σ, {} Krylov vectors at most", how.step, how.krylov)},
          {"tolerance", fmt::format("{:g} of |x| + σ", how.tolerance)},
          {"device and precision", call.device + ", " + call.precision},
          {"time", format_seconds(call.seconds)},
          {"program", version_line()}};
}

const std::vector<FigureRow<SymmetryRun>>& symmetry_figure_rows() {
  static const std::string kStability = "Where the centre becomes unstable", kPotentials = "Potentials",
                           kDirection = "Along which direction";
  static const std::vector<FigureRow<SymmetryRun>> rows = {{kStability, stability_figure},
                                                           {kStability, bifurcation_figure},
                                                           {kPotentials, potential_figure},
                                                           {kDirection, direction_figure}};
  return rows;
}

}  // namespace

std::string symmetry_summary(const SymmetryRun& run) {
  const FixedPoint& softest = run.path.centre[softest_place(run.path)];
  const std::optional<double> leading = leading_eigenvalue(run);
  ordered_json summary = {
      {"critical", place_json(critical_sigma(run))},
      {"critical_is",
       run.path.critical ? ordered_json(run.path.ends ? "fold" : "change of sign") : ordered_json(nullptr)},
      {"folds", run.path.folds},
      {"largest_at", place_json(softest.sigma)},
      {"largest_eigenvalue", sde_eigenvalue(softest.denoiser_eigenvalue, softest.sigma)},
      {"followed_to", run.path.levels.back()},
      {"lost_at", or_null(run.path.lost)},
      {"evaluations", run.path.evaluations},
      {"gaussian_critical", place_json(leading ? gaussian_critical_sigma(*leading) : std::nullopt)},
      {"pair_of_that_variance_critical",
       place_json(leading && *leading > 0 ? std::optional(Pair{std::sqrt(*leading)}.critical_sigma()) : std::nullopt)},
      {"cosine_with_first_component", or_null(agreement(run))}};
  summary["soft_levels"] = ordered_json::array();
  for (const size_t place : soft_places(run.path)) summary["soft_levels"].push_back(run.path.levels[place]);
  if (run.pair) summary["closed_form_critical"] = place_json(run.pair->critical_sigma());
  return dump_json(summary, 2) + "\n";
}

std::map<std::string, torch::Tensor> symmetry_npz(const SymmetryRun& run) {
  const Continuation& path = run.path;
  std::vector<torch::Tensor> centre, direction;
  for (const FixedPoint& point : path.centre) {
    centre.push_back(point.x);
    direction.push_back(point.direction);
  }
  std::map<std::string, torch::Tensor> arrays = {{"levels", torch::tensor(path.levels, torch::kFloat64)},
                                                 {"centre", torch::stack(centre)},
                                                 {"direction", torch::stack(direction)}};
  for (size_t side = 0; side < 2; ++side) {
    std::vector<double> levels;
    std::vector<torch::Tensor> points;
    for (size_t n = 0; n < path.levels.size(); ++n) {
      if (!path.sides[n][side]) continue;
      levels.push_back(path.levels[n]);
      points.push_back(path.sides[n][side]->x);
    }
    arrays[std::string(kSymmetryBranches[side]) + "_levels"] = torch::tensor(levels, torch::kFloat64);
    if (!points.empty()) arrays[kSymmetryBranches[side]] = torch::stack(points);
  }
  if (path.critical) {
    arrays["folds"] = torch::tensor(path.folds, torch::kFloat64);
    arrays["critical_level"] = torch::tensor({path.critical->sigma}, torch::kFloat64);
    arrays["critical_centre"] = path.critical->x;
    arrays["critical_direction"] = path.critical->direction;
  }
  return arrays;
}

void save_symmetry(const SymmetryRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string of = run.pair ? run.inputs.model_text : run.inputs.model->info().name;
  Report report("farfield symmetry", "Where symmetry breaks: " + of, symmetry_headline(run),
                {call.command, asked_of(run), settings_of(run, call)});
  write_csv(folder.path("fixed_points.csv"), fixed_points_table(run));
  report.file("fixed_points.csv", "fixed points of the drift over the noise level, and the centre's eigenvalues");
  write_csv(folder.path("potentials.csv"), potentials_table(run));
  report.file("potentials.csv", "potentials along the least stable direction");
  write_npz(folder.path("symmetry.npz"), symmetry_npz(run));
  report.file("symmetry.npz", "the fixed points and directions themselves");
  write_file_atomically(folder.path("summary.json"), symmetry_summary(run));
  report.file("summary.json", "the critical level and its predictions");
  add_figures(report, symmetry_figure_rows(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", dump_json(ordered_json{{"model", run.inputs.model_text},
                                            {"levels", run.path.levels},
                                            {"class", run.options.label.value_or(-1)},
                                            {"device", call.device},
                                            {"precision", call.precision}}));
  info.add_text("headline", symmetry_headline(run));
  info.add_number("evaluations", static_cast<double>(run.path.evaluations));
  folder.commit(std::move(info));
}

}  // namespace farfield
