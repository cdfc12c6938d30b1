#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/path.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "samplers/sampler.h"

namespace farfield {

// Every step of a solver is a convex combination x_{n+1} = (s'/s) x_n + (1 - s'/s) R_n, s = sigma_n, s' = sigma_{n+1}:
// R_n is its generalised denoising output ("On the Trajectory Regularity", proposition 4.1). A solver of order two takes
// dD/dsigma to be 2 (R_n - D_n) / (s' - s) (table 5); Euler's R_n is D_n itself, a slope of 0.
torch::Tensor generalised_denoised(const torch::Tensor& x, const torch::Tensor& x_next, double from, double to);
torch::Tensor implied_slope(const torch::Tensor& x, const torch::Tensor& x_next, const torch::Tensor& denoised,
                            double from, double to);

// Whose slopes are compared unless others are given: those of table 5.
std::vector<std::string> slope_solvers();

// Per trajectory, float64; S solvers, N steps from levels[0], ..., levels[N - 1].
struct Slopes {
  std::vector<std::string> solvers;
  std::vector<double> levels;  // N
  torch::Tensor error;  // [n, S, N] |implied - dD/dsigma| / |dD/dsigma|; NaN: a step to 0 (it returns D), or no slope
  torch::Tensor size;   // [n, N] |dD/dsigma|
};

// dD/dsigma is the three-point derivative of D along an accurate path (dopri5) of the same start, the points being at most
// 5 % of a level apart. usage_error for a solver that takes other steps than request.levels', and as check_paths(). Ranks share
// the batches.
Slopes measure_slopes(const Denoiser& model, const std::vector<std::string>& solvers, SampleRequest request,
                      Comm& comm = alone());

// slopes.csv: solver, step, sigma, then mean, std, low, high of the error over trajectories.
Table slope_table(const Slopes& slopes);

}  // namespace farfield
