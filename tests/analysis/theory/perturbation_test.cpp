#include "analysis/theory/perturbation.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/theory/emergence.h"
#include "analysis/theory/gaussian_curves.h"
#include "models/analytic/analytic.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

SampleRequest perturbed_request(int64_t steps) {
  SampleRequest request;
  request.seeds = {0, 1, 2};
  request.levels = noise_levels({.steps = steps});
  return request;
}

TEST(Perturbation, OfTheGaussianHasTheFactorsKnown) {
  const GaussianStats gaussian = gaussian_of_eigenvalues({4, 0.25, 0});
  const auto model = make_gaussian(gaussian, {3});
  const auto solver = make_solver("dopri5,rtol=1e-10,atol=1e-10");
  const double known[] = {0.8, 0.3162277660, 0};
  for (int64_t k = 0; k < 3; ++k) {
    const torch::Tensor unit = torch::zeros({1, 3}, torch::kFloat64);
    unit[0][k] = 1;
    const torch::Tensor response = end_response(
        *model, *solver, {torch::tensor({{0.4, -2.0, 0.1}}, torch::kFloat64), {}, unit, {1.5, 1e-5, 0}, 0.01});
    EXPECT_NEAR(response[0][k].item<double>(), known[k], 1e-6);
    EXPECT_NEAR(response.square().sum().item<double>(), known[k] * known[k], 1e-6);
  }
}

TEST(Perturbation, IsMeasuredOverLevelsAndDirections) {
  const GaussianStats gaussian{torch::tensor({0.5, -0.5, 1.0, 0.0}, torch::kFloat64),
                               torch::eye(4, torch::kFloat64).narrow(1, 0, 2).contiguous(),
                               torch::tensor({4.0, 0.25}, torch::kFloat64), 0, 0};
  const auto model = make_gaussian(gaussian, {4});
  const auto solver = make_solver("heun");
  SampleRequest request = perturbed_request(100);
  int64_t told = 0;
  request.on_evaluation = [&](int64_t samples) { told += samples; };
  const PerturbationPlan plan{{0, 40, 80}, choose_directions(gaussian, {}, 2), 0.05};
  const Arrays arrays = measure_perturbations(*model, *solver, request, gaussian, plan, {0, 3});
  EXPECT_EQ(told, 3 * perturbation_evaluations(*solver, request, gaussian, plan));
  ASSERT_EQ(arrays.at("along").sizes(), torch::IntArrayRef({3, 3, 3})) << "two components and what is off the manifold";
  for (int64_t m = 0; m < 3; ++m) {
    const NoiseScale at = ve_scale(request.levels[plan.places[m]]);
    for (int64_t k = 0; k < 3; ++k) {
      const double theory = k < 2 ? amplification(plan.directions.eigenvalues[k], at) : 0;
      for (int64_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(arrays.at("along")[i][m][k].item<double>(), theory, 0.01 * theory + 1e-12) << m << " " << k;
        EXPECT_NEAR(arrays.at("size")[i][m][k].item<double>(), theory, 0.01 * theory + 1e-12);
      }
    }
  }
  const Arrays one = measure_perturbations(*model, *solver, request, gaussian, plan, {1, 1});
  EXPECT_LE(test::deviation(one.at("along")[0], arrays.at("along")[1]), 1e-12) << "whatever the batch";
}

TEST(Directions, AreSpreadOverTheSpectrumOrThoseAskedFor) {
  const GaussianStats gaussian = gaussian_of_eigenvalues({16, 8, 4, 2, 1, 0.5, 0.25, 0.125, 0, 0});
  EXPECT_EQ(choose_directions(gaussian, {}, 4).components, (std::vector<int64_t>{1, 2, 4, 8}));
  EXPECT_EQ(choose_directions(gaussian, {}, 20).components.size(), 8u) << "each once, those without variance left out";
  EXPECT_EQ(choose_directions(gaussian_of_eigenvalues({0}), {}, 4).components, (std::vector<int64_t>{1}));
  const Directions asked = choose_directions(gaussian, {3, 10}, 4);
  EXPECT_EQ(asked.eigenvalues, (std::vector<double>{4, 0}));
  EXPECT_EQ(asked.vectors[0][2].item<double>(), 1);
  for (const std::vector<int64_t>& bad : {std::vector<int64_t>{0}, {11}, {2, 2}}) {
    EXPECT_EQ(test::error_of([&] { choose_directions(gaussian, bad, 4); })->code(), ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace farfield
