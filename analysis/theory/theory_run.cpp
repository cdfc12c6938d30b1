#include "analysis/theory/theory_run.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/paths/path_batches.h"
#include "analysis/theory/conserved.h"
#include "analysis/theory/noise_map.h"
#include "analysis/theory/perturbation.h"
#include "analysis/theory/rotation.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/text.h"
#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr int64_t kCurvePoints = 100, kComponents = 5, kPerturbedLevels = 4, kMapComponents = 256;
constexpr int64_t kShownPaths = 2, kShownLevels = 9;

const std::vector<double> kEigenvalues = {100, 10, 1, 0.1, 0.01};

// Places of the levels a perturbation may stand at: above 0, and with a level after them.
std::vector<size_t> all_places(const std::vector<double>& levels) {
  std::vector<size_t> places;
  for (size_t n = 0; n + 1 < levels.size(); ++n) places.push_back(n);
  return places;
}

std::vector<size_t> perturbed_places(const TheoryOptions& options) {
  const std::vector<double>& levels = options.request.levels;
  const std::vector<size_t> all = all_places(levels);
  std::vector<size_t> places;
  const auto add = [&](size_t place) {
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
  };
  for (int64_t i = 0; options.perturb_at.empty() && i < kPerturbedLevels; ++i) {
    add(all[static_cast<size_t>(i) * (all.size() - 1) / (kPerturbedLevels - 1)]);
  }
  for (const double sigma : options.perturb_at) {
    add(*std::min_element(all.begin(), all.end(), [&](size_t a, size_t b) {
      return std::fabs(std::log(levels[a] / sigma)) < std::fabs(std::log(levels[b] / sigma));
    }));
  }
  std::sort(places.begin(), places.end());
  return places;
}

void choose_curves(TheoryRun& run) {
  const TheoryOptions& options = run.options;
  const bool of_data = run.inputs.gaussian.has_value();
  run.eigenvalues = !options.eigenvalues.empty() ? options.eigenvalues
                    : of_data                    ? run.directions.eigenvalues
                                                 : kEigenvalues;
  std::sort(run.eigenvalues.begin(), run.eigenvalues.end(), std::greater<>());
  run.eigenvalues.erase(std::unique(run.eigenvalues.begin(), run.eigenvalues.end()), run.eigenvalues.end());
  if (of_data && options.eigenvalues.empty()) run.curve_components = run.directions.components;
}

Arrays with_prefix(const std::string& prefix, const Arrays& arrays) {
  Arrays named;
  for (const auto& [name, values] : arrays) named[prefix + name] = values;
  return named;
}

std::vector<std::string> path_names(const TheoryRun& run) {
  std::vector<std::string> names;
  for (const std::string& name : theory_arrays()) {
    names.push_back("gaussian_" + name);
    if (run.inputs.model) names.push_back("model_" + name);
  }
  return names;
}

// What latents and classes are drawn for.
DenoiserInfo info_of(const TheoryRun& run) {
  if (run.inputs.model) return run.inputs.model->info();
  return {.name = "a Gaussian", .kind = "gaussian", .sample_shape = run.inputs.sample_shape};
}

void measure_paths(TheoryRun& run, const Solver& solver, const PartStore& parts, Comm& comm) {
  const SampleRequest& request = run.options.request;
  const DenoiserInfo info = info_of(run);
  const auto measure = [&](RowRange rows, Progress& progress) {
    SampleRequest watched = request;
    watched.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    const PathStart start = path_start(watched, info, rows);
    Arrays arrays = with_prefix(
        "gaussian_", measure_theory(gaussian_path(run.gaussian, start.x, run.levels), run.gaussian, run.directions));
    if (!run.inputs.model) return arrays;
    const Path path = run_path(*run.inputs.model, solver, watched, start);
    arrays.merge(with_prefix("model_", measure_theory(path, run.gaussian, run.directions)));
    return arrays;
  };
  run.paths = measure_batches(
      {"trajectories", static_cast<int64_t>(request.seeds.size()), path_batch(request, solver),
       run.inputs.model ? count_evaluations(solver, request.levels) : 1, path_names(run), measure},
      parts, comm);
}

void measure_experiment(TheoryRun& run, const Solver& solver, const PartStore& parts, Comm& comm) {
  SampleRequest request = run.options.request;
  const int64_t count = std::min(run.options.perturbed, static_cast<int64_t>(request.seeds.size()));
  if (count == 0 || !run.inputs.model) return;
  const PerturbationPlan plan{perturbed_places(run.options), run.directions, run.options.delta};
  for (const size_t place : plan.places) run.perturbed_levels.push_back(request.levels[place]);
  const auto measure = [&](RowRange rows, Progress& progress) {
    SampleRequest watched = request;
    watched.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    return measure_perturbations(*run.inputs.model, solver, watched, run.gaussian, plan, rows);
  };
  run.perturbations = measure_batches({"perturbations",
                                       count,
                                       path_batch(request, solver),
                                       perturbation_evaluations(solver, request, run.gaussian, plan),
                                       {"along", "size"},
                                       measure},
                                      parts, comm);
}

void keep_shown(TheoryRun& run, const Solver& solver) {
  const SampleRequest& request = run.options.request;
  const PathSpace space = parse_space(run.options.space);
  const int64_t count = solver.adaptive() ? 1 : std::min(kShownPaths, static_cast<int64_t>(request.seeds.size()));
  const PathStart start = path_start(request, info_of(run), {0, count});
  run.shown_levels = spread_places(static_cast<int64_t>(run.levels.size()) - 1, kShownLevels);
  const auto keep = [&](const std::string& name, Path path) {
    run.shown[name] = path_views(in_space(std::move(path), space), space, run.shown_levels, count);
  };
  keep("gaussian", gaussian_path(run.gaussian, start.x, run.levels));
  if (!run.inputs.model) return;
  Path path = run_path(*run.inputs.model, solver, request, start);
  run.nfe = path.nfe;
  keep("model", std::move(path));
}

void check_inputs(const TheoryInputs& inputs, const TheoryOptions& options, const Solver& solver) {
  if (!inputs.model) return;
  if (!inputs.gaussian)
    throw usage_error("theory: a model is measured against a Gaussian; give --gaussian F, or --data SRC to fit one");
  const DenoiserInfo& info = inputs.model->info();
  if (c10::multiply_integers(info.sample_shape) != inputs.gaussian->dim()) {
    throw usage_error(
        fmt::format("theory: the Gaussian has {} dimensions, samples of the model have shape {}; fit it to "
                    "the data of this model",
                    inputs.gaussian->dim(), join(info.sample_shape, ",")));
  }
  check_paths(options.request, solver, info);
}

}  // namespace

void TheoryOptions::validate() const {
  if (std::find(process_names().begin(), process_names().end(), process) == process_names().end())
    throw usage_error(unknown_name("process", process, process_names()));
  (void)parse_space(space);
  for (const double l : eigenvalues) {
    if (!(l >= 0 && l <= limits::kHighestStatistic))
      throw usage_error(
          fmt::format("theory: eigenvalue {}; expected numbers from 0 to {:g}", l, limits::kHighestStatistic));
  }
  for (const double sigma : perturb_at) {
    if (!limits::is_sigma(sigma))
      throw usage_error(fmt::format("theory: perturbation at sigma {}; expected a noise level above 0", sigma));
  }
  if (!(delta > 0 && delta <= 1))
    throw usage_error(fmt::format("theory: delta {}; expected more than 0 and at most 1", delta));
}

TheoryRun run_theory(TheoryInputs inputs, TheoryOptions options, const PartStore& parts,
                     const PartStore& perturbation_parts, Comm& comm) {
  options.validate();
  const auto solver = make_solver(options.solver);
  check_inputs(inputs, options, *solver);
  TheoryRun run;
  run.inputs = std::move(inputs);
  run.options = std::move(options);
  const TheoryOptions& asked = run.options;
  run.gaussian = run.inputs.gaussian
                     ? *run.inputs.gaussian
                     : gaussian_of_eigenvalues(asked.eigenvalues.empty() ? kEigenvalues : asked.eigenvalues);
  run.process = noise_process(asked.process, asked.request.levels, kCurvePoints);
  run.directions = choose_directions(run.gaussian, asked.components, kComponents);
  choose_curves(run);
  run.emergence = emergence(run.gaussian, asked.request.levels);
  run.levels = levels_visited(*solver, asked.request.levels, false);
  if (!run.inputs.gaussian) return run;
  measure_paths(run, *solver, parts, comm);
  measure_experiment(run, *solver, perturbation_parts, comm);
  do_on_root(comm, [&] { keep_shown(run, *solver); });
  return run;
}

Arrays measure_theory(const Path& path, const GaussianStats& gaussian, const Directions& directions) {
  std::vector<double> alphas;
  std::vector<torch::Tensor> scaled;
  for (size_t n = 0; n < path.levels.size(); ++n) {
    alphas.push_back(vp_alpha(path.levels[n]));
    scaled.push_back(path.states[static_cast<int64_t>(n)].flatten(1) * alphas.back());
  }
  const torch::Tensor start = path.states[0].flatten(1), end = path.states[-1].flatten(1);
  const RotationPlane plane = rotation_plane(torch::stack(scaled), end, alphas);
  const Conserved conserved = conserved_quantity(path, directions);
  const NoiseMap map = noise_map(gaussian, start, end, kMapComponents);
  return {{"coordinates", plane.coordinates},
          {"share", plane.share},
          {"rotation_error", plane.error},
          {"drift", conserved.drift},
          {"prediction_error", conserved.prediction_error},
          {"denoised_error", conserved.denoised_error},
          {"prediction_along", conserved.prediction_along},
          {"denoised_along", conserved.denoised_along},
          {"coefficient", map.coefficient},
          {"energy_share", map.share},
          {"energy_rest", map.rest}};
}

std::vector<std::string> theory_arrays() {
  return {"coordinates",      "share",          "rotation_error", "drift",        "prediction_error", "denoised_error",
          "prediction_along", "denoised_along", "coefficient",    "energy_share", "energy_rest"};
}

}  // namespace farfield
