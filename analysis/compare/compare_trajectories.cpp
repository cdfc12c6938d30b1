#include "analysis/compare/compare_trajectories.h"

#include <algorithm>
#include <limits>

#include <ATen/core/grad_mode.h>

#include "analysis/compare/trajectory_sums.h"
#include "analysis/paths/path.h"
#include "analysis/stats/agreement.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/progress.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

constexpr int64_t kStripSeeds = 2, kStripLevels = 9;

// Of what is measured later, or not at all.
torch::Tensor no_values(const std::vector<int64_t>& shape, torch::ScalarType dtype) {
  return torch::full(shape, std::numeric_limits<double>::quiet_NaN(), dtype);
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
  result.counts.assign(static_cast<size_t>(paths), 0);
  result.state = no_values({levels, count}, torch::kFloat64);
  result.state_difference = no_values({paths, levels, count}, torch::kFloat64);
  result.denoised = no_values({levels - 1, count}, torch::kFloat64);
  result.denoised_difference = no_values({paths, levels - 1, count}, torch::kFloat64);
  const int64_t measures = std::ssize(agreement_names());
  for (const auto& member : {&Trajectories::along, &Trajectories::free_running})
    result.*member = no_values({measures, paths, levels - 1, count}, torch::kFloat64);
  result.ends = no_values({measures, paths, count}, torch::kFloat64);
  std::vector<int64_t> shape = model.denoiser->info().sample_shape;
  checked_product("compare: bytes of the trajectories' ends",
                  {1 + paths, count, c10::multiply_integers(shape), sizeof(float)}, limits::kMostBytes);
  const bool images = shape.size() == 3;
  shape.insert(shape.begin(), {1 + paths, count});
  result.samples = no_values(shape, torch::kFloat32);
  if (!images) return result;
  result.shown_levels = spread_places(levels - 1, kStripLevels);
  shape[1] = std::min(kStripSeeds, count);
  result.shown_seeds.assign(options.seeds.begin(), options.seeds.begin() + shape[1]);
  shape.insert(shape.begin() + 2, static_cast<int64_t>(result.shown_levels.size()));
  for (const auto& member : kPathViews) result.views.*member = no_values(shape, torch::kFloat32);
  return result;
}

}  // namespace

Trajectories compare_trajectories(const Subject& model, const std::vector<Subject>& references,
                                  const std::optional<GaussianStats>& gaussian, const Solver& solver,
                                  const TrajectoryOptions& options, Comm& comm) {
  check(!options.seeds.empty() && options.levels.size() >= 2 && options.batch >= 1, "compare_trajectories: no seeds");
  const torch::NoGradGuard no_gradients;
  SampleRequest request = path_request(options);
  check_paths(request, solver, model.denoiser->info());
  Trajectories result = empty_result(model, references, gaussian.has_value(), solver, options);
  std::vector<Subject> whole;
  std::vector<int64_t> places;
  for (size_t r = 0; r < result.paths.size(); ++r) {
    if (r < references.size() && references[r].share) continue;
    places.push_back(static_cast<int64_t>(r));
    if (r < references.size()) whole.push_back(references[r]);
  }
  const auto count = std::ssize(options.seeds);
  const int64_t batch = path_batch(request, solver), others = std::ssize(whole), steps = std::ssize(result.levels) - 1;
  const int64_t evaluations = (1 + others) * count_evaluations(solver, request) + others * steps;
  Progress progress("trajectories", count * evaluations, "evaluations");
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto rows_of = [&](int64_t part) { return RowRange{part * batch, std::min(batch, count - part * batch)}; };
  for_each_shard(comm, (count + batch - 1) / batch, [&](int64_t part) {
    return measure_paths(model, whole, gaussian, solver, request, rows_of(part), result);
  }, [&](int64_t part, const Tensors& measured) {
    take_paths(measured, rows_of(part), places, result);
    if (!is_mine(comm, part)) progress.advance(rows_of(part).size * evaluations);
  });
  return result;
}

}  // namespace farfield
