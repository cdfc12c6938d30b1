#include "analysis/compare/trajectories.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>

#include "analysis/paths/path.h"
#include "analysis/stats/agreement.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/ratio_cell.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "samplers/integrate.h"
#include "samplers/sampler.h"

namespace farfield {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr int64_t kStripSeeds = 2, kStripLevels = 9;

// [steps, B] squared norms of a - b, or of a alone.
torch::Tensor squared(const torch::Tensor& a, const torch::Tensor& b = {}) {
  std::vector<torch::Tensor> rows;
  for (int64_t i = 0; i < a.size(0); ++i) {
    const torch::Tensor value = b.defined() ? a[i] - b[i] : a[i];
    rows.push_back(value.flatten(1).square().sum(1));
  }
  return torch::stack(rows);
}

// The tensors of Trajectories that a batch of seeds fills, in the order in which they travel, and where n stands.
struct Filled {
  torch::Tensor Trajectories::* tensor;
  int64_t seeds;  // dimension
};
constexpr Filled kFilled[] = {{&Trajectories::state, -1},
                              {&Trajectories::denoised, -1},
                              {&Trajectories::state_difference, -1},
                              {&Trajectories::denoised_difference, -1},
                              {&Trajectories::along, -1},
                              {&Trajectories::free_running, -1},
                              {&Trajectories::ends, -1},
                              {&Trajectories::samples, 1}};
// Those of the strips, likewise.
constexpr torch::Tensor PathViews::* kFilledViews[] = {&PathViews::x, &PathViews::step, &PathViews::denoised};

// What a batch of seeds is measured from.
struct PathSet {
  std::vector<Path> paths;     // the model's, then the R others
  std::vector<Tensors> along;  // of each of the others: D at the model's states, L-1 times [B, ...shape]; empty: none
};

// D of a reference at every state of the model's path from which a step starts.
Tensors denoised_along(const Path& model, const Subject& reference, const SampleRequest& request) {
  Tensors all;
  for (int64_t n = 0; n < model.denoised.size(0); ++n) {
    all.push_back(reference(model.states[n].to(request.device), model.levels[static_cast<size_t>(n)]).cpu());
    if (request.on_evaluation) request.on_evaluation(model.states.size(1));
  }
  return all;
}

// The model's and the references' own paths of some seeds, from the same noise.
PathSet run_paths(const Subject& model, const std::vector<Subject>& references, const Solver& solver,
                  const SampleRequest& request, RowRange rows) {
  PathStart start = path_start(request, model.denoiser->info(), rows);
  PathSet set;
  const auto run = [&](const Subject& subject) {
    start.labels = subject.label.defined() ? subject.label.expand({rows.size, -1}).to(request.device) : torch::Tensor();
    set.paths.push_back(run_path(*subject.denoiser, solver, request, start));
  };
  run(model);
  for (const Subject& reference : references) {
    run(reference);
    set.along.push_back(denoised_along(set.paths.front(), reference, request));
  }
  return set;
}

// [M, steps, B] of each step's D with the model's.
torch::Tensor agreement_of_steps(const Tensors& denoised, const Path& model) {
  const int64_t steps = model.denoised.size(0), rows = model.denoised.size(1);
  Tensors measured;
  for (int64_t n = 0; n < steps; ++n) {
    measured.push_back(denoised.empty()
                           ? torch::full({std::ssize(agreement_names()), rows}, kNan, torch::kFloat64)
                           : measures_of(agreement_of(denoised[static_cast<size_t>(n)], model.denoised[n])));
  }
  return torch::stack(measured, 1);
}

// [1+R, rows, P, ...shape] each.
Tensors fill_views(const std::vector<Path>& paths, const Trajectories& result, int64_t rows) {
  std::vector<PathViews> views;
  for (const Path& path : paths) views.push_back(path_views(path, result.space, result.shown_levels, rows));
  Tensors filled;
  for (const auto& member : kFilledViews) {
    Tensors all;
    for (const PathViews& one : views) all.push_back(one.*member);
    filled.push_back(torch::stack(all));
  }
  return filled;
}

// The kFilled of a batch, the kFilledViews of the seeds among it that are shown, and the evaluations of a path.
Tensors fill(const PathSet& set, const Trajectories& result, RowRange rows) {
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
  const int64_t shown = std::min(static_cast<int64_t>(result.shown_seeds.size()) - rows.first, rows.size);
  if (shown > 0) {
    for (torch::Tensor& views : fill_views(set.paths, result, shown)) filled.push_back(std::move(views));
  }
  for (torch::Tensor& one : filled) one = one.contiguous();
  filled.push_back(torch::full({1}, model.nfe, torch::kInt64));
  return filled;
}

// What fill() made, in its place.
void take(const Tensors& filled, RowRange rows, Trajectories& result) {
  size_t next = 0;
  for (const Filled& one : kFilled) {
    (result.*one.tensor).narrow(one.seeds, rows.first, rows.size).copy_(filled[next++]);
  }
  for (const auto& member : kFilledViews) {
    if (next + 1 == filled.size()) break;  // none of these seeds is shown
    const torch::Tensor& views = filled[next++];
    (result.views.*member).narrow(1, rows.first, views.size(1)).copy_(views);
  }
  result.nfe = std::max(result.nfe, filled.back().item<int64_t>());
}

Trajectories empty_result(const Subject& model, const std::vector<Subject>& references, bool gaussian,
                          const Solver& solver, const TrajectoryOptions& options) {
  Trajectories result;
  result.solver = solver.name();
  result.space = options.space;
  result.levels = levels_visited(solver, options.levels, false);
  for (const Subject& reference : references) {
    result.paths.push_back(reference.name);
    result.kinds.push_back(reference.kind);
  }
  if (gaussian) {
    result.paths.emplace_back("gaussian (closed form)");
    result.kinds.emplace_back("gaussian");
  }
  const auto paths = static_cast<int64_t>(result.paths.size()), count = static_cast<int64_t>(options.seeds.size());
  const auto levels = static_cast<int64_t>(result.levels.size());
  result.state = torch::zeros({levels, count}, torch::kFloat64);
  result.state_difference = torch::zeros({paths, levels, count}, torch::kFloat64);
  result.denoised = torch::zeros({levels - 1, count}, torch::kFloat64);
  result.denoised_difference = torch::zeros({paths, levels - 1, count}, torch::kFloat64);
  const int64_t measures = std::ssize(agreement_names());
  for (const auto& member : {&Trajectories::along, &Trajectories::free_running})
    result.*member = torch::zeros({measures, paths, levels - 1, count}, torch::kFloat64);
  result.ends = torch::zeros({measures, paths, count}, torch::kFloat64);
  std::vector<int64_t> shape = model.denoiser->info().sample_shape;
  checked_product("compare: bytes of the trajectories' ends",
                  {1 + paths, count, c10::multiply_integers(shape), sizeof(float)}, limits::kMostBytes);
  const bool images = shape.size() == 3;
  shape.insert(shape.begin(), {1 + paths, count});
  result.samples = torch::zeros(shape);
  if (!images) return result;
  result.shown_levels = spread_places(levels - 1, kStripLevels);
  shape[1] = std::min(kStripSeeds, count);
  result.shown_seeds.assign(options.seeds.begin(), options.seeds.begin() + shape[1]);
  shape.insert(shape.begin() + 2, static_cast<int64_t>(result.shown_levels.size()));
  for (const auto& member : kFilledViews) result.views.*member = torch::zeros(shape);
  return result;
}

// Ratio of totals and its interval; [n] each.
void ratio(const torch::Tensor& residual, const torch::Tensor& power, int64_t replicates, uint64_t seed, double& value,
           double& low, double& high) {
  const torch::Tensor totals = resampled_totals(torch::stack({residual, power}, 1), replicates, seed);
  const Interval95 interval = percentile_interval(totals.select(1, 0) / totals.select(1, 1));
  value = residual.sum().item<double>() / power.sum().item<double>();
  low = interval.low;
  high = interval.high;
}

}  // namespace

Trajectories compare_trajectories(const Subject& model, const std::vector<Subject>& references,
                                  const std::optional<GaussianStats>& gaussian, const Solver& solver,
                                  const TrajectoryOptions& options, Comm& comm) {
  check(!options.seeds.empty() && options.levels.size() >= 2 && options.batch >= 1, "compare_trajectories: no seeds");
  const torch::NoGradGuard no_gradients;
  SampleRequest request{.seeds = options.seeds, .levels = options.levels, .batch = options.batch};
  request.device = options.device;
  check_paths(request, solver, model.denoiser->info());
  Trajectories result = empty_result(model, references, gaussian.has_value(), solver, options);
  const auto count = static_cast<int64_t>(options.seeds.size()), batch = path_batch(request, solver);
  const int64_t others = std::ssize(references), steps = std::ssize(result.levels) - 1;
  const int64_t evaluations = (1 + others) * count_evaluations(solver, request) + others * steps;
  Progress progress("trajectories", count * evaluations, "evaluations");
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto rows_of = [&](int64_t part) { return RowRange{part * batch, std::min(batch, count - part * batch)}; };
  for_each_shard(comm, (count + batch - 1) / batch, [&](int64_t part) {
    PathSet set = run_paths(model, references, solver, request, rows_of(part));
    if (gaussian) {
      set.paths.push_back(gaussian_path(*gaussian, set.paths.front().states[0], result.levels));
      set.along.emplace_back();
    }
    for (Path& path : set.paths) path = in_space(std::move(path), options.space);
    return fill(set, result, rows_of(part));
  }, [&](int64_t part, const Tensors& filled) {
    take(filled, rows_of(part), result);
    if (!is_mine(comm, part)) progress.advance(rows_of(part).size * evaluations);
  });
  return result;
}

std::vector<TrajectoryRow> summarise(const Trajectories& trajectories, int64_t replicates, uint64_t seed) {
  std::vector<TrajectoryRow> rows;
  const auto levels = static_cast<int64_t>(trajectories.levels.size());
  const double numbers = static_cast<double>(trajectories.samples[0].numel());
  for (int64_t path = 0; path < static_cast<int64_t>(trajectories.paths.size()); ++path) {
    for (int64_t level = 0; level < levels; ++level) {
      TrajectoryRow row{path, level, kNan, kNan, kNan, kNan, kNan, kNan, kNan};
      const torch::Tensor difference = trajectories.state_difference[path][level];
      ratio(difference, trajectories.state[level], replicates, seed, row.deviation, row.low, row.high);
      if (level + 1 < levels) {
        ratio(trajectories.denoised_difference[path][level], trajectories.denoised[level], replicates, seed,
              row.denoiser_deviation, row.denoiser_low, row.denoiser_high);
      }
      row.rms = std::sqrt(difference.sum().item<double>() / numbers);
      rows.push_back(row);
    }
  }
  return rows;
}

Table trajectory_table(const Trajectories& trajectories, const std::vector<TrajectoryRow>& rows) {
  Table table;
  table.columns = {"reference",
                   "sigma",
                   "samples",
                   "deviation",
                   "deviation_low",
                   "deviation_high",
                   "denoiser_deviation",
                   "denoiser_deviation_low",
                   "denoiser_deviation_high",
                   "rms"};
  for (const TrajectoryRow& row : rows) {
    std::vector<Cell> cells = {trajectories.paths[row.path], trajectories.levels[row.level],
                               trajectories.state.size(1)};
    for (double value :
         {row.deviation, row.low, row.high, row.denoiser_deviation, row.denoiser_low, row.denoiser_high, row.rms}) {
      cells.push_back(ratio_cell(value));
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace farfield
