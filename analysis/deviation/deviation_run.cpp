#include "analysis/deviation/deviation_run.h"

#include <algorithm>

#include "core/progress.h"
#include "core/shards.h"
#include "models/analytic/class_delta.h"
#include "models/analytic/fit.h"
#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr int64_t kStripTrajectories = 4;

Arrays names_apart(Arrays& all, const std::vector<std::string>& names) {
  Arrays some;
  for (const auto& name : names) some[name] = all.at(name);
  return some;
}

std::vector<std::string> strip_names(const DeviationRequest& request) {
  std::vector<std::string> names = {"x", "denoised", "optimal", "star", "star_denoised", "star_optimal"};
  if (request.start == DeviationStart::kNoisedData) names.emplace_back("forward");
  return names;
}

// The sequences of trajectories `rows`, [B, steps, ...shape] float32 by strip_names().
Arrays strips_of(const DeviationSubject& subject, const Solver& solver, const DeviationRequest& request, RowRange rows,
                 Progress& progress) {
  std::map<std::string, std::vector<torch::Tensor>> levels;
  const torch::Tensor clean = request.start == DeviationStart::kNoisedData ? start_samples(subject, rows)
                                                                           : torch::Tensor();
  torch::Tensor noise;  // sigma_0 z
  visit_levels(subject, solver, request, rows, [&](int64_t samples) { progress.advance(samples); },
               [&](const DeviationLevel& at) {
    const auto keep = [&](const std::string& name, const torch::Tensor& states) {
      levels[name].push_back(states.cpu().to(torch::kFloat32));
    };
    keep("x", at.x);
    keep("denoised", at.denoised);
    keep("optimal", at.optimum.denoised);
    keep("star", at.star);
    keep("star_denoised", at.star_denoised);
    keep("star_optimal", at.star_optimal);
    if (!clean.defined()) return;
    if (at.n == 0) noise = (at.x.cpu() - clean) / at.sigma;
    keep("forward", clean + at.sigma * noise);
  });
  Arrays stacked;
  for (const auto& [name, states] : levels) stacked[name] = torch::stack(states, 1).contiguous();
  return stacked;
}

DeviationStrips strips(const DeviationRun& run, const Solver& solver, Comm& comm) {
  const SampleRequest& sampling = run.request.sampling;
  BatchWork work;
  work.what = "strips of " + run.inputs.subject.model->info().name;
  work.count = std::min(kStripTrajectories, static_cast<int64_t>(sampling.seeds.size()));
  work.batch = std::min(work.count, path_batch(sampling, solver));
  work.evaluations = deviation_evaluations(solver, sampling);
  work.names = strip_names(run.request);
  work.measure = [&](RowRange rows, Progress& progress) {
    return strips_of(run.inputs.subject, solver, run.request, rows, progress);
  };
  Arrays all = measure_batches(work, {}, comm);
  const bool forward = run.request.start == DeviationStart::kNoisedData;
  return {forward ? all["forward"] : torch::Tensor(),
          all["x"],
          all["denoised"],
          all["optimal"],
          all["star"],
          all["star_denoised"],
          all["star_optimal"]};
}

}  // namespace

std::shared_ptr<const Denoiser> open_optimum(const std::string& text, const DenoiserInfo& model,
                                             const ModelOptions& options) {
  const DataSource& data = *options.data;
  const bool of_classes = model.label_dim > 0 && data.labels().defined() && data.info().label_dim <= model.label_dim;
  if (text == kDefaultOptimum && of_classes)
    return make_class_delta(data_matrix(data), data.labels(), model.label_dim, data.info().shape);
  return open_model(text, options);
}

DeviationRun run_deviation(DeviationInputs inputs, DeviationRequest request, const PartStore& parts, Comm& comm) {
  const auto solver = make_solver(request.solver);
  check_deviation(inputs.subject, request, *solver);
  DeviationRun run{std::move(inputs), std::move(request), {}, {}, {}, {}, 0};
  const SampleRequest& sampling = run.request.sampling;
  run.levels = levels_visited(*solver, sampling.levels, false);
  run.nfe = count_evaluations(*solver, sampling);
  BatchWork work;
  work.what = "deviation of " + run.inputs.subject.model->info().name;
  work.count = static_cast<int64_t>(sampling.seeds.size());
  work.batch = path_batch(sampling, *solver);
  work.evaluations = deviation_evaluations(*solver, sampling);
  work.names = deviation_names();
  work.names.insert(work.names.end(), neighbour_names().begin(), neighbour_names().end());
  work.measure = [&](RowRange rows, Progress& progress) {
    return measure_deviation(run.inputs.subject, *solver, run.request, rows, progress);
  };
  Arrays all = measure_batches(work, parts, comm);
  run.measures = names_apart(all, deviation_names());
  run.neighbours = names_apart(all, neighbour_names());
  const bool images = run.inputs.subject.model->info().sample_shape.size() == 3;
  if (images) run.strips = strips(run, *solver, comm);
  return run;
}

}  // namespace farfield
