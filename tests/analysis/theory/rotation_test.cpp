#include "analysis/theory/rotation.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/paths/path.h"
#include "analysis/theory/emergence.h"
#include "samplers/gaussian_flow.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Rotation, TheLeastDeficitIsTheOneKnown) {
  const struct {
    double eigenvalue, value, alpha;
  } rows[] = {{0.01, -0.0814179208, 0.92905907}, {0.1, -0.2041825461, 0.84846040}, {1, -0.4142135624, 0.70710678},
              {10, -0.6456819043, 0.52925887},   {100, -0.8141792083, 0.36993138}, {1e4, -0.9569104476, 0.17166392}};
  for (const auto& row : rows) {
    const LeastDeficit least = least_rotation_deficit(row.eigenvalue);
    EXPECT_NEAR(least.value, row.value, 1e-10) << row.eigenvalue;
    EXPECT_NEAR(least.alpha, row.alpha, 2e-8)
        << row.eigenvalue << ": known from least values, so to a root of rounding";
    // The document's bound holds at eigenvalue 1 alone, where it is the minimum.
    if (row.eigenvalue == 1) {
      EXPECT_NEAR(-least.value, printed_deficit_bound(1), 1e-12);
    } else {
      EXPECT_GT(-least.value, printed_deficit_bound(row.eigenvalue) + 1e-4);
    }
    EXPECT_LE(-least.value, deficit_bound(row.eigenvalue));
  }
}

TEST(Rotation, TheLeastDeficitIsWhereItsSlopeIsZero) {
  // To 30 digits: 0.171663937550224654394339275471 and 0.929059077837204740528972048981.
  EXPECT_NEAR(least_rotation_deficit(1e4).alpha, 0.17166393755022465, 1e-13);
  EXPECT_NEAR(least_rotation_deficit(0.01).alpha, 0.92905907783720474, 1e-13);
}

TEST(Rotation, TheDeficitIsWithinItsBounds) {
  for (const double l : {0.0, 1e-8, 0.01, 1.0, 7.0, 1e4, 1e12}) {
    for (int i = 0; i <= 100; ++i) {
      const double alpha = i / 100.0, s = std::sqrt((1 - alpha) * (1 + alpha)), j = rotation_deficit(l, alpha);
      EXPECT_LE(j, 0);
      EXPECT_GE(j, -std::min(alpha * std::sqrt(l), s) * (1 + 1e-15)) << l << " " << alpha;
      EXPECT_LE(-j, deficit_bound(l) * (1 + 1e-15));
      EXPECT_NEAR(j, std::sqrt(s * s + l * alpha * alpha) - alpha * std::sqrt(l) - s, 1e-14 * std::sqrt(1 + l));
    }
  }
  EXPECT_EQ(rotation_deficit(0, 0.3), 0) << "without variance the motion is a rotation";
  EXPECT_EQ(least_rotation_deficit(0).value, 0);
}

// x_t = (alpha - alpha_T b) x_0 + b x_T + sum_k remainder c_k u_k, b = s / s_T, for a mean that is not 0 and a start at alpha_T > 0.
TEST(Rotation, TheRemainderIsExact) {
  const GaussianStats gaussian{torch::tensor({3.0, -1.0, 0.5, 2.0}, torch::kFloat64),
                               torch::eye(4, torch::kFloat64).narrow(1, 0, 3).contiguous(),
                               torch::tensor({40.0, 1.0, 0.0}, torch::kFloat64), 0.3, 0};
  const NoiseScale start = vp_scale(3);
  const torch::Tensor x_start = torch::tensor({{2.0, -7.0, 1.0, 4.0}, {0.1, 0.2, -3.0, 1.0}}, torch::kFloat64);
  const torch::Tensor x0 = gaussian_flow(gaussian, x_start, 3, 0);
  const torch::Tensor c = (x_start - gaussian.mean) * start.alpha;  // axes for eigenvectors
  for (const double sigma : {2.9, 1.0, 0.2, 1e-3, 0.0}) {
    const NoiseScale at = vp_scale(sigma);
    const double b = at.s / start.s;
    torch::Tensor remainder = torch::empty({4}, torch::kFloat64);
    const std::vector<double> eigenvalues = {40, 1, 0, 0.3};
    for (int64_t k = 0; k < 4; ++k) remainder[k] = rotation_remainder(eigenvalues[k], at, start);
    const torch::Tensor rotated = (at.alpha - start.alpha * b) * x0 + b * start.alpha * x_start + remainder * c;
    EXPECT_LE(test::deviation(rotated, at.alpha * gaussian_flow(gaussian, x_start, 3, sigma)), 1e-12) << sigma;
  }
}

// The share of the energy in a plane is at most 1, the plane of a straight line is a line, and what has no meaning is NaN.
TEST(Rotation, PlanesThatDegenerate) {
  const std::vector<double> levels = {80, 1, 0};
  std::vector<double> alphas;
  for (const double level : levels) alphas.push_back(vp_alpha(level));
  const torch::Tensor x = torch::tensor({{30.0, 40.0}, {0.0, 0.0}}, torch::kFloat64);
  const Path path = in_vp_space(gaussian_path(gaussian_of_eigenvalues({1, 1}), x, levels));
  const RotationPlane plane = rotation_plane(path.states, path.states[2], alphas);
  for (int64_t n = 0; n < 3; ++n) {
    EXPECT_NEAR(plane.share[0][n].item<double>(), 1, 1e-15);
    EXPECT_EQ(plane.coordinates[0][n][1].item<double>(), 0) << "of N(0, I): z does not move";
    EXPECT_NEAR(plane.coordinates[0][n][0].item<double>(), 50 * vp_alpha(80), 1e-12);
    EXPECT_TRUE(std::isnan(plane.share[1][n].item<double>()));
    EXPECT_TRUE(std::isnan(plane.error[1][n].item<double>()));
    EXPECT_EQ(plane.residual[1][n].item<double>(), 0);
  }
}

TEST(Rotation, BoundsOfTheExpectedError) {
  const GaussianStats gaussian = gaussian_of_eigenvalues({100, 10, 1, 0.1, 0});
  double most = 0;
  for (int i = 0; i <= 1000; ++i) most = std::max(most, expected_rotation_error(gaussian, i / 1000.0));
  EXPECT_LE(most, rotation_error_bound(gaussian));
  EXPECT_GT(most, printed_rotation_bound(gaussian)) << "eq. 22 is no bound";
  EXPECT_NEAR(printed_rotation_bound(gaussian), std::pow(1 - std::sqrt(2) / 2, 2) * 4 / 5, 1e-15);
}

}  // namespace
}  // namespace farfield
