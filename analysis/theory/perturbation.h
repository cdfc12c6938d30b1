#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "analysis/paths/path.h"
#include "analysis/theory/directions.h"

namespace farfield {

// A run is disturbed at a level, and its end is looked at ("The Unreasonable Effectiveness of Gaussian Score Approximation",
// sec. 3.3; the theory is amplification() of analysis/theory/gaussian_curves.h).
struct PerturbationPlan {
  std::vector<size_t> places;  // of request.levels, each above 0 and not the last
  Directions directions;
  double delta =
      0.05;  // a perturbation is delta sqrt(sigma^2 + l): this part of the state's own spread along its direction
};

// (end(x + h u) - end(x - h u)) / 2h: the response at the end of `levels` to a unit perturbation at the first of them. x [n, ...shape]
// float64, unit vectors u [n, d], labels [n, K] or undefined; [n, d] float64 on the CPU. `solver` begins anew at levels[0].
struct Perturbed {
  torch::Tensor x, labels, directions;
  std::vector<double> levels;
  double size;  // h
};
torch::Tensor end_response(const Denoiser& denoiser, const Solver& solver, const Perturbed& perturbed,
                           const std::function<void(int64_t)>& on_evaluation = {});

// Of the trajectories `rows` of a request, M places, K directions: "along" [n, M, K] <u, response> and "size" [n, M, K] |response|;
// float64. Where the data have no variance in some direction (off_manifold()) there is one more direction, K + 1, the part of each
// trajectory's x_T that lies there; NaN where it has none.
Arrays measure_perturbations(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                             const GaussianStats& gaussian, const PerturbationPlan& plan, RowRange rows);
bool off_manifold(const GaussianStats& gaussian);

// Evaluations of one trajectory of the above, its own run included, as request.on_evaluation is told of them.
int64_t perturbation_evaluations(const Solver& solver, const SampleRequest& request, const GaussianStats& gaussian,
                                 const PerturbationPlan& plan);

}  // namespace farfield
