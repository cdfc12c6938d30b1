#include "analysis/compare/trajectory_sums.h"

#include <algorithm>
#include <limits>

#include "analysis/paths/path.h"
#include "analysis/stats/agreement.h"
#include "samplers/seed_batch.h"

namespace farfield {
namespace {

constexpr double kNoMeasure = std::numeric_limits<double>::quiet_NaN();

// [steps, B] squared norms of a - b, or of a alone.
torch::Tensor squared(const torch::Tensor& a, const torch::Tensor& b = {}) {
  std::vector<torch::Tensor> rows;
  for (int64_t i = 0; i < a.size(0); ++i) {
    const torch::Tensor value = b.defined() ? a[i] - b[i] : a[i];
    rows.push_back(value.flatten(1).square().sum(1));
  }
  return torch::stack(rows);
}

// The tensors of Trajectories that a batch of seeds fills, in the order in which they travel, and where n and the paths stand.
struct Filled {
  torch::Tensor Trajectories::* tensor;
  int64_t seeds, paths;  // dimensions; paths -1: of the model alone
};
constexpr Filled kFilled[] = {{&Trajectories::state, 1, -1},
                              {&Trajectories::denoised, 1, -1},
                              {&Trajectories::state_difference, 2, 0},
                              {&Trajectories::denoised_difference, 2, 0},
                              {&Trajectories::along, 3, 1},
                              {&Trajectories::free_running, 3, 1},
                              {&Trajectories::ends, 2, 1}};

// What a batch of seeds is measured from.
struct PathSet {
  std::vector<Path> paths;     // the model's, then the R others
  std::vector<Tensors> along;  // of each of the others: D at the model's states, L-1 times [B, ...shape]; empty: none
};

// D of a reference at every state of the model's path from which a step starts.
Tensors denoised_along(const Path& model, const Subject& reference, const SampleRequest& request,
                       const torch::Tensor& classes) {
  Tensors all;
  for (int64_t n = 0; n < model.denoised.size(0); ++n) {
    all.push_back(reference(model.states[n].to(request.device), model.levels[static_cast<size_t>(n)], classes).cpu());
    if (request.on_evaluation) request.on_evaluation(model.states.size(1));
  }
  return all;
}

// The model's and the references' own paths of some seeds, from the same noise.
PathSet run_paths(const Subject& model, const std::vector<Subject>& references, const Solver& solver,
                  const SampleRequest& request, RowRange rows) {
  PathStart start = path_start(request, model.denoiser->info(), rows);
  PathSet set;
  torch::Tensor classes;
  if (model.own_classes) {
    const int64_t label_dim = model.denoiser->info().label_dim;
    classes = torch::arange(rows.first, rows.first + rows.size, torch::kInt64).remainder(label_dim);
  }
  const auto run = [&](const Subject& subject) {
    const int64_t label_dim = subject.denoiser->info().label_dim;
    start.labels = subject.own_classes && label_dim > 0 ? one_hot_labels(classes, label_dim, request.device)
                   : subject.label.defined()            ? subject.label.expand({rows.size, -1}).to(request.device)
                                                        : torch::Tensor();
    set.paths.push_back(run_path(*subject.denoiser, solver, request, start));
  };
  run(model);
  for (const Subject& reference : references) {
    run(reference);
    set.along.push_back(denoised_along(set.paths.front(), reference, request, classes));
  }
  return set;
}

// [M, steps, B] of each step's D with the model's.
torch::Tensor agreement_of_steps(const Tensors& denoised, const Path& model) {
  const int64_t steps = model.denoised.size(0), rows = model.denoised.size(1);
  Tensors measured;
  for (int64_t n = 0; n < steps; ++n) {
    measured.push_back(denoised.empty()
                           ? torch::full({std::ssize(agreement_names()), rows}, kNoMeasure, torch::kFloat64)
                           : measures_of(agreement_of(denoised[static_cast<size_t>(n)], model.denoised[n])));
  }
  return torch::stack(measured, 1);
}

// [1+R, rows, P, ...shape] each.
Tensors fill_views(const std::vector<Path>& paths, const Trajectories& result, int64_t rows) {
  std::vector<PathViews> views;
  for (const Path& path : paths) views.push_back(path_views(path, result.space, result.shown_levels, rows));
  Tensors filled;
  for (const auto& member : kPathViews) {
    Tensors all;
    for (const PathViews& one : views) all.push_back(one.*member);
    filled.push_back(torch::stack(all));
  }
  return filled;
}

// kFilled, the samples, the views of the seeds among them that are shown, and the evaluations of a path.
Tensors fill(const PathSet& set, const Trajectories& like, RowRange rows) {
  const Path& model = set.paths.front();
  Tensors state, denoised, along, free_running, ends, samples = {model.states[-1]};
  for (size_t r = 0; r + 1 < set.paths.size(); ++r) {
    const Path& path = set.paths[r + 1];
    samples.push_back(path.states[-1]);
    state.push_back(squared(model.states, path.states));
    denoised.push_back(squared(model.denoised, path.denoised));
    along.push_back(agreement_of_steps(set.along[r], model));
    free_running.push_back(agreement_of_steps(path.denoised.unbind(), model));
    ends.push_back(measures_of(agreement_of(path.states[-1], model.states[-1])));
  }
  const auto own_state = squared(model.states), own_denoised = squared(model.denoised);
  const auto stacked = [](const Tensors& all, const torch::Tensor& one, int64_t dim) {
    return all.empty() ? one.unsqueeze(dim).narrow(dim, 0, 0) : torch::stack(all, dim);
  };
  const torch::Tensor measures = agreement_of_steps({}, model);
  Tensors filled = {own_state,
                    own_denoised,
                    stacked(state, own_state, 0),
                    stacked(denoised, own_denoised, 0),
                    stacked(along, measures, 1),
                    stacked(free_running, measures, 1),
                    stacked(ends, measures.select(1, 0), 1),
                    torch::stack(samples).to(torch::kFloat32)};
  const int64_t shown = std::min(std::ssize(like.shown_seeds) - rows.first, rows.size);
  if (shown > 0) {
    for (torch::Tensor& views : fill_views(set.paths, like, shown)) filled.push_back(std::move(views));
  }
  for (torch::Tensor& one : filled) one = one.contiguous();
  filled.push_back(torch::full({1}, model.nfe, torch::kInt64));
  return filled;
}

// Rows of `value` [1+P, ...], the model's first, to where they belong in `target` [1+R, ...].
void copy_paths(const torch::Tensor& value, const std::vector<int64_t>& places, const torch::Tensor& target) {
  target[0].copy_(value[0]);
  for (size_t i = 0; i < places.size(); ++i) target[1 + places[i]].copy_(value[static_cast<int64_t>(i) + 1]);
}

}  // namespace

SampleRequest path_request(const TrajectoryOptions& options) {
  SampleRequest request{.seeds = options.seeds, .levels = options.levels, .batch = options.batch};
  request.device = options.device;
  return request;
}

Tensors measure_paths(const Subject& model, const std::vector<Subject>& references,
                      const std::optional<GaussianStats>& gaussian, const Solver& solver, const SampleRequest& request,
                      RowRange rows, const Trajectories& like) {
  PathSet set = run_paths(model, references, solver, request, rows);
  if (gaussian) {
    set.paths.push_back(gaussian_path(*gaussian, set.paths.front().states[0], like.levels));
    set.along.emplace_back();
  }
  for (Path& path : set.paths) path = in_space(std::move(path), like.space);
  return fill(set, like, rows);
}

void take_paths(const Tensors& measured, RowRange rows, const std::vector<int64_t>& places, Trajectories& result) {
  size_t next = 0;
  for (const Filled& one : kFilled) {
    const torch::Tensor& value = measured[next++];
    const torch::Tensor target = (result.*one.tensor).narrow(one.seeds, rows.first, rows.size);
    if (one.paths < 0) {
      target.copy_(value);
      continue;
    }
    for (size_t i = 0; i < places.size(); ++i)
      target.select(one.paths, places[i]).copy_(value.select(one.paths, static_cast<int64_t>(i)));
  }
  copy_paths(measured[next++], places, result.samples.narrow(1, rows.first, rows.size));
  for (const auto& member : kPathViews) {
    if (next + 1 == measured.size()) break;  // none of these seeds is shown
    const torch::Tensor& views = measured[next++];
    copy_paths(views, places, (result.views.*member).narrow(1, rows.first, views.size(1)));
  }
  result.nfe = std::max(result.nfe, measured.back().item<int64_t>());
  for (const int64_t place : places) {
    int64_t& count = result.counts[static_cast<size_t>(place)];
    count = std::max(count, rows.first + rows.size);
  }
}

}  // namespace farfield
