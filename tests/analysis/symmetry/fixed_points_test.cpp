#include "analysis/symmetry/fixed_points.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/symmetry/krylov.h"
#include "analysis/symmetry/pair.h"
#include "models/analytic/analytic.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

torch::Tensor vector_of(std::vector<double> values) { return torch::tensor(values, torch::kFloat64); }

torch::Tensor spd_matrix(int64_t size) {
  torch::manual_seed(3);
  const torch::Tensor a = torch::randn({size, size}, torch::kFloat64);
  return a.matmul(a.t()) / static_cast<double>(size) + torch::eye(size, torch::kFloat64);
}

TEST(Krylov, FindsTheKrylovEigenvalue) {
  for (const int64_t size : {1, 2, 60}) {
    const torch::Tensor a = spd_matrix(size);
    const auto known = std::get<0>(torch::linalg_eigh(a))[-1].item<double>();
    const KrylovEigen found = krylov_eigen([&](const torch::Tensor& v) { return a.matmul(v); },
                                           torch::ones({size}, torch::kFloat64), 20, 1e-10, 20);
    EXPECT_NEAR(found.value, known, 1e-8) << size;
    EXPECT_LE((a.matmul(found.vector) - known * found.vector).norm().item<double>(), 1e-4) << size;
    EXPECT_NEAR(found.vector.norm().item<double>(), 1, 1e-12);
  }
  const KrylovEigen zero = krylov_eigen([](const torch::Tensor& v) { return torch::zeros_like(v); },
                                        torch::ones({3}, torch::kFloat64), 20, 1e-10);
  EXPECT_EQ(zero.value, 0) << "of the map to 0";
}

TEST(Krylov, SolvesWithASpaceThatMayBeExhausted) {
  for (const int64_t size : {1, 2, 40}) {
    const torch::Tensor a = spd_matrix(size) - 1.5 * torch::eye(size, torch::kFloat64);  // indefinite
    const torch::Tensor b = torch::linspace(1, 2, size, torch::kFloat64);
    const torch::Tensor x = solve_gmres([&](const torch::Tensor& v) { return a.matmul(v); }, b, 60, 1e-12);
    EXPECT_LE((a.matmul(x) - b).norm().item<double>(), 1e-9) << size;
  }
  EXPECT_EQ(solve_gmres([](const torch::Tensor& v) { return v; }, torch::zeros({3}, torch::kFloat64), 5, 1e-9)
                .norm()
                .item<double>(),
            0);
}

TEST(FixedPoints, OfAGaussianAreClosedForm) {
  const GaussianStats gaussian{vector_of({0.5, -1, 2}), torch::eye(3, torch::kFloat64), vector_of({6, 1, 0.2}), 0, 0};
  const auto model = make_gaussian(gaussian, {3});
  const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
  for (const double sigma : {80.0, 5.0, 1.5, 0.3}) {
    const double g = fixed_point_gain(sigma), variance = sigma * sigma;
    const torch::Tensor l = gaussian.eigenvalues, known = variance * gaussian.mean / (g * (l + variance) - l);
    FixedPoint point = newton_fixed_point(denoiser, sigma, gaussian.mean / g, {});
    EXPECT_TRUE(point.converged) << sigma;
    EXPECT_LE(test::deviation(point.x, known), 1e-8) << sigma;
    add_eigenvalue(denoiser, torch::ones({3}, torch::kFloat64), {}, point);
    EXPECT_NEAR(point.denoiser_eigenvalue, 6 / (6 + variance), 1e-8);
    EXPECT_NEAR(std::fabs(point.direction[0].item<double>()), 1, 1e-6);
    // A Gaussian of variance above 2 is unstable below sigma^2 = l - 2.
    EXPECT_EQ(sde_eigenvalue(point.denoiser_eigenvalue, sigma) < 0, variance > 4) << sigma;
  }
}

TEST(FixedPoints, OfAPairAreThoseOfItsClosedForm) {
  const auto model = make_delta(torch::tensor({{-1.0}, {1.0}}, torch::kFloat64), {1});
  const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
  const Pair pair;
  for (const double theta : {0.5, 0.65, 0.7, 0.9}) {
    const double sigma = std::sqrt(1 - theta * theta) / theta;
    FixedPoint centre = newton_fixed_point(denoiser, sigma, vector_of({0}), {});
    EXPECT_EQ(centre.x.item<double>(), 0);
    add_eigenvalue(denoiser, vector_of({1}), {}, centre);
    EXPECT_NEAR(sde_eigenvalue(centre.denoiser_eigenvalue, sigma), -pair.curvature_sde(theta), 1e-6);
    EXPECT_NEAR(ode_eigenvalue(centre.denoiser_eigenvalue, sigma), -pair.curvature_ode(theta), 1e-6);
    const auto settled = settled_points(denoiser, sigma, torch::tensor({{0.4}, {-0.4}}, torch::kFloat64), {});
    const double tolerance = theta == 0.65 ? 1e-6 : 1e-8;  // slow beside the critical level
    EXPECT_NEAR(settled[0].x.item<double>() * theta, pair.fixed_point(theta), tolerance) << theta;
    EXPECT_NEAR(settled[1].x.item<double>() * theta, -pair.fixed_point(theta), tolerance) << theta;
  }
}

}  // namespace
}  // namespace farfield
