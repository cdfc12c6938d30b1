#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/compare/trajectories.h"
#include "core/math/gaussian_stats.h"
#include "core/shards.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// What compare_trajectories() does with one batch of seeds.

SampleRequest path_request(const TrajectoryOptions& options);

// Runs the model, the references and the closed form (where there is a Gaussian) from the noise of the seeds `rows`. The result
// is what take_paths() takes; its tensors travel.
Tensors measure_paths(const Subject& model, const std::vector<Subject>& references,
                      const std::optional<GaussianStats>& gaussian, const Solver& solver, const SampleRequest& request,
                      RowRange rows, const Trajectories& like);

// Puts it in its place: path i of it becomes path places[i] of `result`.
void take_paths(const Tensors& measured, RowRange rows, const std::vector<int64_t>& places, Trajectories& result);

// Whose views of the shown seeds and levels `result` holds: the tensors of Trajectories::views, in the order they travel.
inline constexpr torch::Tensor PathViews::* kPathViews[] = {&PathViews::x, &PathViews::step, &PathViews::denoised};

}  // namespace farfield
