// Properties of every analytic denoiser. A new case in support/analytic_cases.cpp is checked by all of them.
#include <cmath>
#include <set>

#include <ATen/Parallel.h>

#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kSweepDim = 12;

Tensor as_images(const Tensor& rows) { return rows.reshape({rows.size(0), 3, 2, 2}); }

Tensor call(const test::AnalyticCase& analytic, const Tensor& rows, double sigma) {
  return (*analytic.denoiser)(as_images(rows), sigma).reshape({rows.size(0), kSweepDim});
}

// A kind without a plain evaluation in analytic_cases.cpp would be checked against nothing but itself.
TEST(AnalyticSweep, every_kind_has_a_plain_evaluation) {
  std::set<std::string> kinds, checked;
  for (const auto& analytic : test::analytic_cases()) {
    kinds.insert(analytic.denoiser->info().kind);
    if (analytic.brute_force) checked.insert(analytic.denoiser->info().kind);
  }
  EXPECT_GE(kinds.size(), 5u);
  for (const std::string& kind : kinds) EXPECT_TRUE(checked.contains(kind)) << kind;
}

TEST(AnalyticSweep, exact_from_sigma_1e_minus_3_to_1e3_in_float64_and_float32) {
  for (const auto& analytic : test::analytic_cases()) {
    if (!analytic.brute_force) continue;
    for (double sigma = 1e-3; sigma < 1.1e3; sigma *= std::pow(10, 0.25)) {
      if (sigma < analytic.lowest_sigma) continue;
      const auto rows = test::probes(analytic, 24, sigma, 11);
      const auto expected = analytic.brute_force(rows, sigma);
      EXPECT_LE(test::relative_deviation(call(analytic, rows, sigma), expected.denoised), 1e-8)
          << analytic.name << " at " << sigma;
      const auto log_density = analytic.denoiser->log_density(as_images(rows), sigma);
      EXPECT_LE(test::relative_deviation(log_density, expected.log_density), 1e-8)
          << analytic.name << " log density at " << sigma;

      const auto narrow = rows.to(torch::kFloat32);
      const auto result = call(analytic, narrow, sigma);
      ASSERT_EQ(result.scalar_type(), torch::kFloat32);
      const auto narrow_expected = analytic.brute_force(narrow.to(torch::kFloat64), sigma).denoised;
      EXPECT_LE(test::relative_deviation(result.to(torch::kFloat64), narrow_expected), 1e-6)
          << analytic.name << " in float32 at " << sigma;
    }
  }
}

// The gradient of log p(x; sigma) [n, 12] by differences of fourth order. The step is small against the noise, and
// against the width sigma^2 of the seam between two points of the data at a distance of about 1.
Tensor difference_quotients(const test::AnalyticCase& analytic, const Tensor& rows, double sigma) {
  constexpr double kStencil[] = {1.0 / 12, -2.0 / 3, 2.0 / 3, -1.0 / 12};  // at -2h, -h, h, 2h
  const double h = 1e-3 * sigma * std::min(1.0, sigma);
  auto gradient = torch::zeros_like(rows);
  for (int64_t i = 0; i < kSweepDim; ++i) {
    for (int j = 0; j < 4; ++j) {
      auto shifted = rows.clone();
      shifted.select(1, i) += h * (j < 2 ? j - 2 : j - 1);
      gradient.select(1, i) += kStencil[j] / h * analytic.denoiser->log_density(as_images(shifted), sigma);
    }
  }
  return gradient;
}

// max over rows of |a - b| / |b|.
double worst_row(const Tensor& a, const Tensor& b) {
  return ((a - b).norm(2, {1}) / b.norm(2, {1})).max().item<double>();
}

// 1,000 points of every kind: the score is the gradient of the log-density, and Tweedie's formula gives E[x0 | x], which
// is also computed from its definition.
TEST(AnalyticSweep, the_score_is_the_gradient_and_tweedies_formula_the_posterior_mean) {
  constexpr int64_t kLevels = 8, kPoints = 125;
  for (const auto& analytic : test::analytic_cases()) {
    for (int64_t level = 0; level < kLevels; ++level) {
      const double sigma = 0.05 * std::pow(80 / 0.05, static_cast<double>(level) / (kLevels - 1));
      if (sigma < analytic.lowest_sigma) continue;
      const auto rows = test::probes(analytic, kPoints, sigma, 12 + level);
      const auto gradient = difference_quotients(analytic, rows, sigma);
      const auto of_denoiser = score(*analytic.denoiser, as_images(rows), sigma).reshape({kPoints, kSweepDim});
      EXPECT_LE(worst_row(of_denoiser, gradient), 1e-6) << analytic.name << " score at " << sigma;
      const auto tweedie = rows + sigma * sigma * gradient;
      EXPECT_LE(test::relative_deviation(call(analytic, rows, sigma), tweedie), 1e-6) << analytic.name << " " << sigma;
      if (!analytic.brute_force) continue;
      EXPECT_LE(test::relative_deviation(tweedie, analytic.brute_force(rows, sigma).denoised), 1e-6)
          << analytic.name << " " << sigma;
    }
  }
}

TEST(AnalyticSweep, finite_from_sigma_1e_minus_8_to_1e8_and_right_in_the_limits) {
  for (const auto& analytic : test::analytic_cases()) {
    for (double sigma = 1e-8; sigma < 1.1e8; sigma *= 10) {
      for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
        const auto rows = test::probes(analytic, 12, sigma, 13).to(dtype);
        EXPECT_TRUE(call(analytic, rows, sigma).isfinite().all().item<bool>()) << analytic.name << " " << sigma;
      }
    }
    const auto rows = test::probes(analytic, 12, 1, 13);
    EXPECT_LE(test::deviation(call(analytic, rows, 1e8), analytic.mean.expand({12, kSweepDim})), 1e-12)
        << analytic.name;
    if (analytic.lowest_sigma > 0) continue;
    // Where the data are, no noise leaves nothing to remove.
    const auto clean = analytic.points.narrow(0, 0, std::min<int64_t>(12, analytic.points.size(0)));
    EXPECT_LE(test::deviation(call(analytic, clean, 1e-8), clean), 1e-12) << analytic.name;
  }
}

TEST(AnalyticSweep, a_sample_is_the_same_in_every_batch_and_with_a_sigma_of_its_own) {
  for (const auto& analytic : test::analytic_cases()) {
    for (const double sigma : {1e-3, 0.05, 0.5, 3.0, 80.0}) {
      const auto rows = test::probes(analytic, 64, sigma, 14);
      const auto together = call(analytic, rows, sigma);
      for (const int64_t i : {0, 1, 2, 40, 63}) {
        EXPECT_LE(test::deviation(call(analytic, rows.narrow(0, i, 1), sigma), together.narrow(0, i, 1)), 1e-12)
            << analytic.name << " alone, " << sigma;
      }
      EXPECT_LE(test::deviation(call(analytic, rows.narrow(0, 20, 7), sigma), together.narrow(0, 20, 7)), 1e-12)
          << analytic.name << " of 7, " << sigma;
      auto sigmas = torch::logspace(-3, 3, 64, 10, torch::kFloat64);
      sigmas[33] = sigma;
      const auto mixed = (*analytic.denoiser)(as_images(rows), sigmas).reshape({64, kSweepDim});
      EXPECT_LE(test::deviation(mixed.narrow(0, 33, 1), together.narrow(0, 33, 1)), 1e-12)
          << analytic.name << " among others, " << sigma;
    }
  }
}

TEST(AnalyticSweep, the_thread_count_does_not_matter) {
  const int before = at::get_num_threads();
  for (const auto& analytic : test::analytic_cases()) {
    for (const double sigma : {1e-3, 0.3, 3.0}) {
      const auto rows = test::probes(analytic, 64, sigma, 15);
      at::set_num_threads(1);
      const auto alone = call(analytic, rows, sigma);
      for (const int threads : {2, 3, 8}) {
        at::set_num_threads(threads);
        EXPECT_LE(test::deviation(call(analytic, rows, sigma), alone), 1e-12) << analytic.name << " " << threads;
      }
    }
  }
  at::set_num_threads(before);
}

TEST(AnalyticSweep, labels_and_wrong_shapes_are_refused) {
  for (const auto& analytic : test::analytic_cases()) {
    const auto& denoiser = *analytic.denoiser;
    EXPECT_EQ(denoiser.info().label_dim, 0);
    EXPECT_GT(denoiser.info().sigma_data, -1e-300);
    test::error_of([&] { denoiser(torch::zeros({2, 3, 2, 2}), 1.0, torch::zeros({2, 10})); });
    test::error_of([&] { denoiser(torch::zeros({2, 12}), 1.0); });
    test::error_of([&] { denoiser.log_density(torch::zeros({2, 11}), 1.0); });
    test::error_of([&] { denoiser.log_density(torch::zeros({2, 12}), 0.0); });
  }
}

TEST(AnalyticSweep, gradients_of_the_log_density_flow_where_products_do) {
  for (const auto& analytic : test::analytic_cases()) {
    if (analytic.denoiser->info().kind == "delta") continue;
    const double sigma = std::max(0.5, analytic.lowest_sigma);
    auto x = as_images(test::probes(analytic, 6, sigma, 16)).clone().requires_grad_(true);
    analytic.denoiser->log_density(x, sigma).sum().backward();
    EXPECT_LE(test::deviation(x.grad(), score(*analytic.denoiser, x.detach(), sigma)), 1e-9) << analytic.name;
  }
}

}  // namespace
}  // namespace farfield
