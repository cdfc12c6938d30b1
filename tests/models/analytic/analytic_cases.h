#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/analytic/analytic.h"
#include "tests/support/normals.h"

namespace farfield::test {

// D and log p(x; sigma) of sum_k w_k N(mean_k, covariance_k), in float64 by Cholesky factors of dense matrices: what
// the analytic denoisers are checked against.
struct BruteForce {
  torch::Tensor denoised;     // [B, d]
  torch::Tensor log_density;  // [B]
};
BruteForce brute_force_mixture(const torch::Tensor& weights, const torch::Tensor& means,
                               const torch::Tensor& covariances, const torch::Tensor& rows, double sigma);
// The same for the mean of deltas at `points`, by all differences.
BruteForce brute_force_delta(const torch::Tensor& points, const torch::Tensor& rows, double sigma);

// An analytic denoiser, with its plain evaluation and typical clean points.
struct AnalyticCase {
  std::string name;
  std::shared_ptr<const AnalyticDenoiser> denoiser;
  std::function<BruteForce(const torch::Tensor& rows, double sigma)> brute_force;  // empty: fitted, see below
  torch::Tensor points;     // [n, 12] float64, where the data are
  torch::Tensor mean;       // [12]
  double lowest_sigma = 0;  // below it the formula means nothing: expansions (models/analytic/far_field.h)
};
// Shape [3, 2, 2]: isotropic, diagonal, Gaussians (full, singular, low rank with and without tail), far fields, mixtures (full, low rank,
// padded, with point masses), exact denoisers (few points, duplicates, thousands in float32); and every kind of
// reference_table() with a density, fitted to 40 points, so that a new row is checked by all properties that need no
// plain evaluation.
std::vector<AnalyticCase> analytic_cases();

// n probes [n, 12] of a case at a noise level: noised data, pure noise, and midpoints between two clean points.
torch::Tensor probes(const AnalyticCase& analytic, int64_t count, double sigma, int64_t seed);

}  // namespace farfield::test
