#include "analysis/geometry/geometry_run.h"

#include <algorithm>
#include <span>

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "analysis/geometry/closed_form_path.h"
#include "analysis/geometry/forward_process.h"
#include "analysis/paths/path.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/text.h"
#include "models/analytic/analytic.h"
#include "models/analytic/class_delta.h"
#include "models/analytic/fit.h"
#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr int64_t kShownReconstructions = 2;

// Whose trajectories there are, and what the data say beside them.
struct MeasuredModels {
  std::shared_ptr<const Denoiser> model, exact;
  std::optional<GaussianStats> gaussian;
};

void check_geometry(const GeometryInputs& inputs, const GeometryRequest& request, const Solver& solver) {
  const DenoiserInfo& model = inputs.model->info();
  check_paths(request.sampling, solver, model);
  const auto levels = static_cast<int64_t>(levels_visited(solver, request.sampling.levels, false).size());
  if (levels > kMostGeometryLevels) {
    throw usage_error(fmt::format(
        "geometry: {} levels, at most {} (principal components take the square of them); give fewer --steps", levels,
        kMostGeometryLevels));
  }
  if (inputs.data && inputs.data->info().shape != model.sample_shape) {
    throw usage_error(fmt::format(
        "geometry: samples of {} are {}, those of {} are {}; give the data of this model (for example with ,pad=)",
        inputs.data->info().name, c10::str(torch::IntArrayRef(inputs.data->info().shape)), model.name,
        c10::str(torch::IntArrayRef(model.sample_shape))));
  }
}

// Of each class by itself where both have classes: that is what a class-conditional model is an estimate of.
std::shared_ptr<const Denoiser> exact_denoiser(const DataSource& data, const DenoiserInfo& model) {
  const DataInfo& info = data.info();
  if (model.label_dim > 0 && data.labels().defined() && info.label_dim <= model.label_dim)
    return make_class_delta(data_matrix(data), data.labels(), model.label_dim, info.shape);
  return make_delta(data_matrix(data), info.shape);
}

MeasuredModels models_of(const GeometryInputs& inputs, Comm& comm) {
  MeasuredModels models{inputs.model, nullptr, std::nullopt};
  if (!inputs.data) return models;
  models.exact = exact_denoiser(*inputs.data, inputs.model->info());
  models.gaussian = measure_gaussian(*inputs.data, 0, comm);
  return models;
}

std::vector<MeasuredPaths> named_paths(const GeometryInputs& inputs) {
  const DenoiserInfo& model = inputs.model->info();
  std::vector<MeasuredPaths> paths = {{model.name, model.kind, "", {}, 0}};
  if (inputs.data) {
    paths.push_back({"exact denoiser", "delta", "-exact", {}, 0});
    paths.push_back({"Gaussian (closed form)", "gaussian", "-gaussian", {}, 0});
  }
  return paths;
}

std::string array_name(const MeasuredPaths& path, const std::string& name) { return name + path.suffix; }

// Adds what is measured along `path`, and its evaluations.
void add_measures(const MeasuredPaths& whose, const Path& path, const GeometryOptions& options, Arrays& all) {
  for (auto& [name, array] : measure_geometry(path, options)) all[array_name(whose, name)] = array;
  all[array_name(whose, "nfe")] = torch::full({path.states.size(1)}, path.nfe, torch::kInt64);
}

class GeometryBatch {
 public:
  GeometryBatch(const GeometryRun& run, const MeasuredModels& models, const Solver& solver)
      : run_(run), models_(models), solver_(solver) {}

  Arrays measure(RowRange rows, Progress& progress) const {
    SampleRequest sampling = run_.request.sampling;
    sampling.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    const PathStart start = path_start(sampling, run_.inputs.model->info(), rows);
    Arrays all;
    const auto add = [&](size_t index, const Path& path) {
      add_measures(run_.paths[index], path, run_.request.measures, all);
    };
    add(0, run_path(*models_.model, solver_, sampling, start));
    if (!models_.exact) return all;
    const bool by_class = models_.exact->info().label_dim > 0;
    add(1, run_path(*models_.exact, solver_, sampling, {start.x, by_class ? start.labels : torch::Tensor()}));
    add(2, rotated_gaussian_path(*models_.gaussian, start.x, run_.levels));
    const auto seeds = std::span(sampling.seeds).subspan(rows.first, rows.size);
    const PathSpace space = run_.request.measures.space;
    all["forward"] = forward_norms(*run_.inputs.data, seeds, run_.levels, space);
    all["forward_uniform"] = forward_norms(*run_.inputs.data, seeds, forward_levels(run_.levels.front()), space);
    return all;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const MeasuredPaths& path : run_.paths) {
      for (const std::string& name : geometry_names()) names.push_back(array_name(path, name));
      names.push_back(array_name(path, "nfe"));
    }
    if (models_.exact) names.insert(names.end(), {"forward", "forward_uniform"});
    return names;
  }

 private:
  const GeometryRun& run_;
  const MeasuredModels& models_;
  const Solver& solver_;
};

// From the names of a batch to those of every path.
void hand_out(Arrays all, GeometryRun& run) {
  for (MeasuredPaths& path : run.paths) {
    for (const std::string& name : geometry_names()) path.arrays[name] = all.at(array_name(path, name));
    path.nfe = all.at(array_name(path, "nfe")).max().item<int64_t>();
  }
  if (!run.inputs.data) return;
  run.forward = all.at("forward");
  run.forward_uniform = all.at("forward_uniform");
}

// The first trajectories once more, for what the page shows of them.
ReconstructionViews views_of(const GeometryRun& run, const Solver& solver) {
  const SampleRequest& sampling = run.request.sampling;
  const int64_t shown = std::min(kShownReconstructions, static_cast<int64_t>(sampling.seeds.size()));
  const PathStart start = path_start(sampling, run.inputs.model->info(), {0, shown});
  const Path path = run_path(*run.inputs.model, solver, sampling, start);
  return view_reconstructions(path, run.request.measures, run.inputs.model->bind(start.labels), sampling.device);
}

}  // namespace

ScheduleRequest documented_schedule(ScheduleRequest schedule) {
  const bool formula = schedule.sigmas.empty() && schedule_file(schedule).empty();
  if (formula && !schedule.steps) schedule.steps = 100;
  if (formula && !schedule.final) schedule.final = "sigma_min";
  return schedule;
}

GeometryRun run_geometry(GeometryInputs inputs, GeometryRequest request, const PartStore& parts, Comm& comm) {
  const auto solver = make_solver(request.solver);
  check_geometry(inputs, request, *solver);
  const MeasuredModels models = models_of(inputs, comm);
  GeometryRun run;
  run.inputs = std::move(inputs);
  run.request = std::move(request);
  const SampleRequest& sampling = run.request.sampling;
  run.levels = levels_visited(*solver, sampling.levels, false);
  run.dimensions = c10::multiply_integers(run.inputs.model->info().sample_shape);
  run.paths = named_paths(run.inputs);
  const GeometryBatch batch(run, models, *solver);
  BatchWork work;
  work.what = "geometry of " + run.paths[0].name;
  work.count = static_cast<int64_t>(sampling.seeds.size());
  work.batch = path_batch(sampling, *solver);
  work.evaluations = count_evaluations(*solver, sampling) * (models.exact ? 2 : 1);
  work.names = batch.names();
  work.measure = [&](RowRange rows, Progress& progress) { return batch.measure(rows, progress); };
  hand_out(measure_batches(work, parts, comm), run);
  if (run.inputs.data) run.mean_square = mean_square_norm(*run.inputs.data);
  const bool images = run.inputs.model->info().sample_shape.size() == 3;
  if (images) do_on_root(comm, [&] { run.views = views_of(run, *solver); });
  return run;
}

}  // namespace farfield
