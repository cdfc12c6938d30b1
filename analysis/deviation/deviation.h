#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/deviation/bandwidth.h"
#include "analysis/deviation/optimum.h"
#include "analysis/paths/path.h"
#include "analysis/paths/path_batches.h"
#include "core/data/source.h"

namespace farfield {

// A model D and the denoiser D* that it is held against, both of the same samples.
struct DeviationSubject {
  std::shared_ptr<const Denoiser> model, optimal;
  std::shared_ptr<const DataSource> data;  // of neighbours, and of a start from data
};

// Where both trajectories begin: at sigma_0 z_i, z_i the latent of seed i, or at that on top of the data's sample i.
enum class DeviationStart { kNoise, kNoisedData };

// How trajectories are measured ("A Geometric Perspective on Diffusion Models", sec. 5.1; "On the Trajectory Regularity of
// ODE-based Diffusion Sampling", A.3.4 and A.3.5).
struct DeviationRequest {
  std::string solver = "heun";
  SampleRequest sampling;  // levels, seeds or latents, classes, batch, device
  DeviationStart start = DeviationStart::kNoise;
  std::optional<Bandwidth> bandwidth = Bandwidth::scaled(1);  // of the likelihood ranking; nothing: none
  int64_t k = 5;                                              // neighbours of both ends
};

// usage_error for whatever of it does not fit together.
void check_deviation(const DeviationSubject& subject, const DeviationRequest& request, const Solver& solver);

// What both denoisers say at level n of some trajectories: x_n is the trajectory of D, x*_n that of D*, from one start.
struct DeviationLevel {
  int64_t n;
  double sigma;
  torch::Tensor x, denoised, next;  // [B, ...shape] x_n, D(x_n), x_{n+1}
  OptimumView optimum;              // D*(x_n)
  torch::Tensor star;               // x*_n
  torch::Tensor star_optimal;       // D*(x*_n)
  torch::Tensor star_denoised;      // D(x*_n)
  torch::Tensor labels;             // those that D* is asked for, or undefined
};
// Calls `visit` for every level that a step begins at, from the first on; the trajectories' ends come with it in `last`.
struct DeviationEnds {
  torch::Tensor x, star;                 // the last states
  torch::Tensor denoised, star_optimal;  // the last D(x_n) and D*(x*_n)
};
DeviationEnds visit_levels(const DeviationSubject& subject, const Solver& solver, const DeviationRequest& request,
                           RowRange rows, const std::function<void(int64_t samples)>& on_evaluation,
                           const std::function<void(const DeviationLevel&)>& visit);

// The samples that trajectories `rows` start from, [B, ...shape] float64.
torch::Tensor start_samples(const DeviationSubject& subject, RowRange rows);

// Denoiser calls of one trajectory: two solver runs and two evaluations a level.
int64_t deviation_evaluations(const Solver& solver, const SampleRequest& sampling);

// Measures of trajectories `rows`: of each name of deviation_names() [B, L] float64, NaN where there is no value, and
// neighbour_names(): "index", "index_star" [B, k] int64, "distance", "distance_star" [B, k] float64, those of the last
// D(x_n) and D*(x*_n).
Arrays measure_deviation(const DeviationSubject& subject, const Solver& solver, const DeviationRequest& request,
                         RowRange rows, Progress& progress);

// All norms are 2-norms over the numbers of a sample.
//   d1             |D*(x_n) - D(x_n)|                  score          d1 / sigma^2
//   d1_star        |D*(x*_n) - D(x*_n)|                score_star     d1_star / sigma^2
//   difference     |x*_n - x_n|, at the last level, too
//   d_difference   |D*(x*_n) - D(x_n)|
//   d2             |D*(x_n) - x_n|                     ratio          d1 / d2
//   effective      exp of the weights' entropy at x_n: the effective number of data (exact denoisers)
//   gain_denoised, gain_next, gain_optimal   log p_h(.) - log p_h(x_n) of D(x_n), x_{n+1} and D*(x_n)
const std::vector<std::string>& deviation_names();
const std::vector<std::string>& neighbour_names();

}  // namespace farfield
