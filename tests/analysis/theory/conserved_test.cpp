#include "analysis/theory/conserved.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/theory/emergence.h"
#include "analysis/theory/noise_map.h"
#include "analysis/theory/rotation.h"
#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

SampleRequest conserved_request() {
  SampleRequest request;
  request.seeds = {0, 1, 2, 3};
  request.levels = noise_levels({.steps = 18});
  return request;
}

TEST(Conserved, IsConstantForASinglePoint) {
  const auto model = make_delta(torch::tensor({{0.3, -0.7, 0.2}}, torch::kFloat64), {3});
  const SampleRequest request = conserved_request();
  for (const char* solver : {"euler", "heun"}) {
    const Path path = run_path(*model, *make_solver(solver), request, path_start(request, model->info(), {0, 4}));
    const Conserved conserved = conserved_quantity(path, choose_directions(gaussian_of_eigenvalues({1, 1, 1}), {}, 1));
    // x - D is lost against D at the lowest levels: rounding of D over sigma.
    EXPECT_LE(conserved.drift.max().item<double>(), 1e-12) << solver;
    EXPECT_LE(conserved.denoised_error.max().item<double>(), 1e-15);
  }
}

TEST(Conserved, IsThatOfThePreservingViewToo) {
  const GaussianStats gaussian = gaussian_of_eigenvalues({4, 0.25, 0});
  const auto model = make_gaussian(gaussian, {3});
  const SampleRequest request = conserved_request();
  const Path path = run_path(*model, *make_solver("heun"), request, path_start(request, model->info(), {0, 4}));
  const Conserved conserved = conserved_quantity(path, choose_directions(gaussian, {1, 2}, 2));
  const auto in_preserving_scales = [&](int64_t n) {
    const NoiseScale at = vp_scale(path.levels[n]);
    return (at.alpha * path.states[n] - at.alpha * path.denoised[n]) / at.s;
  };
  const torch::Tensor first = in_preserving_scales(0);
  for (int64_t n = 0; n < 18; ++n) {
    const torch::Tensor drift = (in_preserving_scales(n) - first).square().sum(1).sqrt() / first.square().sum(1).sqrt();
    EXPECT_LE(test::deviation(conserved.drift.select(1, n), drift), 1e-12);
    const NoiseScale at = vp_scale(path.levels[n]);
    const torch::Tensor predicted = (at.alpha * path.states[n] - at.s * vp_alpha(80) * path.states[0]) / at.alpha -
                                    path.states[18];
    EXPECT_LE(test::deviation(conserved.prediction_error.select(1, n), predicted.square().sum(1).sqrt()), 1e-10);
    EXPECT_LE(test::deviation(conserved.prediction_along.select(1, n), predicted.narrow(1, 0, 2).abs()), 1e-10);
  }
}

// For a Gaussian the prediction is worse than D at every level, not only before a feature's critical level: along u its error is
// sqrt(l) + sigma - sqrt(l + sigma^2) a unit coefficient at alpha_T -> 0, that of D sqrt(l) - l / sqrt(l + sigma^2).
TEST(Conserved, ThePredictionIsNeverNearerThanD) {
  const std::vector<double> levels = {1e6, 80, 10, 2, 1, 0.5, 0.1, 0.002, 0};
  const GaussianStats gaussian = gaussian_of_eigenvalues({4, 1, 0.01});
  const Path path = gaussian_path(gaussian, torch::full({1, 3}, 1e6, torch::kFloat64), levels);
  const Conserved conserved = conserved_quantity(path, choose_directions(gaussian, {1, 2, 3}, 3));
  for (int64_t n = 1; n < 8; ++n) {
    for (int64_t k = 0; k < 3; ++k) {
      const double l = gaussian.eigenvalues[k].item<double>(), sigma = levels[n], total = std::sqrt(l + sigma * sigma);
      const double predicted = conserved.prediction_along[0][n][k].item<double>();
      const double denoised = conserved.denoised_along[0][n][k].item<double>();
      EXPECT_NEAR(predicted, std::sqrt(l) + sigma - total, 1e-7 * (1 + sigma));
      EXPECT_NEAR(denoised, std::sqrt(l) - l / total, 1e-9);
      EXPECT_LE(denoised, predicted) << sigma << " " << l;
    }
  }
}

TEST(Conserved, HasNoValueWhereNothingMoves) {
  const Path path{{80, 1, 0}, torch::zeros({3, 2, 1}, torch::kFloat64), torch::zeros({2, 2, 1}, torch::kFloat64), 0};
  const Conserved conserved = conserved_quantity(path, choose_directions(gaussian_of_eigenvalues({1}), {}, 1));
  EXPECT_TRUE(conserved.drift.isnan().all().item<bool>());
  EXPECT_EQ(conserved.prediction_error.abs().max().item<double>(), 0);
}

TEST(NoiseMap, SharesSumToOneAndAmplitudesAreTheClosedForm) {
  GaussianStats gaussian = gaussian_of_eigenvalues({9, 4, 1, 0.25, 0});
  gaussian.mean = torch::tensor({1.0, -2.0, 0.0, 0.5, 3.0}, torch::kFloat64);
  const torch::Tensor start = torch::tensor({{10.0, -70.0, 3.0, 80.0, 5.0}, {1.0, 2.0, 3.0, 4.0, 5.0}},
                                            torch::kFloat64);
  const torch::Tensor end = gaussian_flow(gaussian, start, 80, 0);
  for (const int64_t shown : {1, 3, 100}) {
    const NoiseMap map = noise_map(gaussian, start, end, shown);
    ASSERT_EQ(map.share.size(1), std::min<int64_t>(shown, 5));
    EXPECT_LE(test::deviation(map.share.sum(1) + map.rest, torch::ones({2}, torch::kFloat64)), 1e-14);
    const torch::Tensor l = gaussian.eigenvalues.narrow(0, 0, map.share.size(1));
    EXPECT_LE(test::deviation(map.amplitude, (l / (6400 + l)).sqrt() * map.coefficient), 1e-14);
  }
  EXPECT_TRUE(noise_map(gaussian, start, gaussian.mean.expand({2, -1}), 2).share.isnan().all().item<bool>());
}

TEST(NoiseMap, ExpectedSharesAreMeansOfEnergies) {
  GaussianStats gaussian = gaussian_of_eigenvalues({9, 4, 1});
  gaussian.mean = torch::tensor({30.0, 0.0, 0.0}, torch::kFloat64);
  const torch::Tensor energy = torch::tensor({9.0 / 109 * (900 + 100), 4.0 / 104 * 100, 1.0 / 101 * 100},
                                             torch::kFloat64);
  EXPECT_LE(test::deviation(expected_shares(gaussian, 10, 9), energy / energy.sum()), 1e-15);
  EXPECT_EQ(expected_shares(gaussian_of_eigenvalues({0, 0}), 10, 9).sum().item<double>(), 0);
  GaussianStats low{torch::zeros({4}, torch::kFloat64), torch::eye(4, torch::kFloat64).narrow(1, 0, 1).contiguous(),
                    torch::tensor({1.0}, torch::kFloat64), 1, 0};
  EXPECT_NEAR(expected_shares(low, 5, 9)[0].item<double>(), 0.25, 1e-15);
}

}  // namespace
}  // namespace farfield
