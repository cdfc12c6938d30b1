// Where the far field begins: what the mean, the two orders and the Gaussian leave unexplained, in closed form.
#include "models/analytic/far_field.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/analytic/fit.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kEigenvalues[] = {9, 4, 1, 0.25, 0.04, 0.01};

GaussianStats axis_gaussian() {
  const auto eigenvalues = torch::tensor(std::vector<double>(std::begin(kEigenvalues), std::end(kEigenvalues)),
                                         torch::kFloat64);
  return {test::normals({6}, 3), torch::eye(6, torch::kFloat64), eigenvalues, 0, 0};
}

// Points whose second moments about the mean are those of x ~ N(mean, S + sigma^2 I) in sum: expectations of quadratic
// forms, exactly.
Tensor representative_points(const GaussianStats& stats, double sigma) {
  return stats.mean + torch::diag((stats.eigenvalues + sigma * sigma).sqrt());
}

// sum |s_model - s_reference|^2 / sum |s_model|^2.
double residual(const Denoiser& model, const Denoiser& reference, const Tensor& x, double sigma) {
  const Tensor ours = score(model, x, sigma), theirs = score(reference, x, sigma);
  return ((ours - theirs).square().sum() / ours.square().sum()).item<double>();
}

// sum_k (a_k - 1/(l_k + sigma^2))^2 (l_k + sigma^2) / sum_k 1/(l_k + sigma^2): s_reference = -a (x - mean).
double expected_residual(double sigma, const std::function<double(double eigenvalue)>& slope) {
  double apart = 0, all = 0;
  for (const double l : kEigenvalues) {
    const double own = 1 / (l + sigma * sigma);
    apart += std::pow(slope(l) - own, 2) / own;
    all += own;
  }
  return apart / all;
}

TEST(FarField, WhatTheMeanAndTheOrdersLeaveOfAGaussian) {
  const GaussianStats stats = axis_gaussian();
  const auto gaussian = make_gaussian(stats, {6});
  for (const double sigma : {0.1, 0.5, 1.0, 2.0, 5.0, 20.0}) {
    const double noise = sigma * sigma;
    const Tensor x = representative_points(stats, sigma);
    const auto expect = [&](const AnalyticDenoiser& reference, const std::function<double(double)>& slope) {
      EXPECT_NEAR(residual(*gaussian, reference, x, sigma) / expected_residual(sigma, slope), 1, 1e-9)
          << reference.info().name << " at " << sigma;
    };
    expect(*make_far_field(stats, 0, {6}), [&](double) { return 1 / noise; });
    expect(*make_far_field(stats, 1, {6}), [&](double l) { return (1 - l / noise) / noise; });
    expect(*make_far_field(stats, 2, {6}), [&](double l) { return (1 - l / noise + l * l / noise / noise) / noise; });
    expect(*make_isotropic(stats, {6}), [&](double) { return 1 / (stats.total_variance() / 6 + noise); });
  }
}

// Each order is nearer where the series converges quickly, and what it leaves falls with its own power of sigma.
TEST(FarField, EveryOrderGainsTwoPowersOfSigma) {
  const GaussianStats stats = axis_gaussian();
  const auto gaussian = make_gaussian(stats, {6});
  for (const int order : {0, 1, 2}) {
    const auto reference = make_far_field(stats, order, {6});
    const double at_100 = residual(*gaussian, *reference, representative_points(stats, 100), 100);
    const double at_200 = residual(*gaussian, *reference, representative_points(stats, 200), 200);
    EXPECT_NEAR(at_100 / at_200, std::pow(2, 4 * (order + 1)), 0.06 * std::pow(2, 4 * (order + 1))) << order;
  }
}

// E over n of |s - s_G|^2 over E |s|^2 for data {-1, 1}, by the trapezoid rule over a normal density.
double two_points_residual(const Denoiser& exact, const Denoiser& reference, double sigma) {
  const Tensor n = torch::arange(-2000, 2001, torch::kFloat64) / 200;
  const Tensor weight = torch::exp(-0.5 * n.square()),
               x = (1 + sigma * n).unsqueeze(1);  // the other half is its mirror
  const Tensor apart = (exact(x, sigma) - reference(x, sigma)).square().squeeze(1);
  const Tensor all = (exact(x, sigma) - x).square().squeeze(1);
  return ((weight * apart).sum() / (weight * all).sum()).item<double>();
}

// Data {-1, 1}: the Gaussian leaves (2/3) sigma^-8; the two numbers below were found by Monte Carlo, to 1 %.
TEST(FarField, TwoPointsLookLikeAGaussianFromAfar) {
  const auto exact = make_delta(torch::tensor({{-1.}, {1.}}, torch::kFloat64), {1});
  const GaussianStats stats{torch::zeros({1}, torch::kFloat64), torch::ones({1, 1}, torch::kFloat64),
                            torch::ones({1}, torch::kFloat64), 0, 0};
  const auto gaussian = make_gaussian(stats, {1});
  EXPECT_NEAR(two_points_residual(*exact, *gaussian, 16) / 1.5346539542e-10, 1, 0.01);
  EXPECT_NEAR(two_points_residual(*exact, *gaussian, 32) / 6.0662e-13, 1, 0.01);
  for (const double sigma : {32.0, 64.0, 128.0}) {
    const double limit = 2.0 / 3 * std::pow(sigma, -8);
    EXPECT_NEAR(two_points_residual(*exact, *gaussian, sigma) / limit, 1 - 4 / (sigma * sigma), 1e-4) << sigma;
  }
}

TEST(FarField, DensitiesEndWhereThePrecisionDoes) {
  const GaussianStats stats = axis_gaussian();
  const Tensor x = torch::zeros({2, 6}, torch::kFloat64);
  const auto first = make_far_field(stats, 1, {6});
  const auto error = test::error_of([&] { first->log_density(x, 3.0); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("above 3"), std::string::npos) << error->what();
  EXPECT_TRUE(first->log_density(x, 3.01).isfinite().all().item<bool>());
  for (const double sigma : {0.01, 1.0, 100.0}) {  // 1 - q + q^2 >= 3/4
    EXPECT_TRUE(make_far_field(stats, 2, {6})->log_density(x, sigma).isfinite().all().item<bool>());
    EXPECT_TRUE(make_far_field(stats, 0, {6})->log_density(x, sigma).isfinite().all().item<bool>());
  }
}

// 002 on CIFAR-10 ("Iso"): what the mean and the isotropic Gaussian leave of the data's Gaussian.
TEST(FarField, OfCifar) {
  const auto folder = test::data_dir();
  const char* const sweep = std::getenv("FARFIELD_SWEEP");
  if (!folder || !std::filesystem::exists(*folder / "cifar10" / "cifar10-32x32.zip"))
    GTEST_SKIP() << "no CIFAR-10 (set FARFIELD_DATA)";
  if (sweep == nullptr || std::string(sweep) != "all") GTEST_SKIP() << "a quarter of a minute: FARFIELD_SWEEP=all";
  const auto stats = measure_gaussian(*open_data((*folder / "cifar10" / "cifar10-32x32.zip").string()));
  const double variance = stats.total_variance() / static_cast<double>(stats.dim());
  const auto left = [&](double sigma, double v) {
    const Tensor own = 1 / (stats.eigenvalues + sigma * sigma);
    return ((1 / (v + sigma * sigma) - own).square() / own).sum().item<double>() / own.sum().item<double>();
  };
  const double sigmas[] = {2, 1, 0.5}, mean[] = {0.0453, 0.2147, 0.981}, isotropic[] = {0.0417, 0.1642, 0.450};
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(left(sigmas[i], 0) / mean[i], 1, 0.01) << sigmas[i];
    EXPECT_NEAR(left(sigmas[i], variance) / isotropic[i], 1, 0.01) << sigmas[i];
  }
}

}  // namespace
}  // namespace farfield
