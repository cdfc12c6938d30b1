#include "analysis/interpolation/interpolation_theory.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/error.h"
#include "samplers/interpolate.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(InterpolationTheory, HasTheDocumentsValues) {
  for (const int64_t dim : kInterpolationDims) {
    EXPECT_EQ(expected_square("linear", 0.5, dim), 0.5);
    EXPECT_DOUBLE_EQ(expected_square("linear", 0.25, dim), 0.75 * 0.75 + 0.25 * 0.25);
    EXPECT_EQ(expected_square("indist", 0.3, dim), 1);
    EXPECT_EQ(expected_square("spherical", 0, dim), 1);
    EXPECT_EQ(expected_square("spherical", 1, dim), 1);
  }
  EXPECT_NEAR(spherical_variance(0.5, std::numbers::pi / 3), 2. / 3, 1e-15);  // 1/2 sec^2, not 2 sec^2
  EXPECT_NEAR(spherical_variance(0.3, std::numbers::pi / 2), 1, 1e-15);
  EXPECT_NEAR(expected_square("spherical", 0.5, 3072), 1, 1e-6);  // asymptotically
  EXPECT_TRUE(std::isinf(expected_square("spherical", 0.5, 2)));
  EXPECT_EQ(test::error_of([] { expected_square("cubic", 0.5, 2); })->code(), ExitCode::kUsage);
}

// d = 4: the angle's density is sin^2, and half way a b cos = cos / (4 cos^2(psi / 2)): in closed form.
TEST(InterpolationTheory, IntegratesOverTheAngle) {
  const double k2 = 2 * std::pow(std::tgamma(2.5) / std::tgamma(2.), 2) / 4;
  // int sin^2 cos / (4 cos^2(psi/2)) = int sin^2(psi/2) cos psi = -pi / 4; the mass is pi / 2.
  EXPECT_NEAR(expected_square("spherical", 0.5, 4), 1 - 2 * (1 - k2) * (-0.5), 1e-9);
}

// What interpolate() does to many pairs.
TEST(InterpolationTheory, IsTheMeanOverPairs) {
  torch::manual_seed(3);
  constexpr int64_t kPairs = 4000, kDim = 16;
  for (const std::string& mode : interpolation_modes()) {
    double total = 0;
    for (int64_t pair = 0; pair < kPairs; ++pair) {
      InterpolateOptions options;
      options.mode = mode;
      options.frames = 3;
      total += interpolate(torch::randn({2, kDim}, torch::kFloat64), options)[1].square().mean().item<double>();
    }
    const double expected = expected_square(mode, 0.5, kDim);
    EXPECT_NEAR(total / kPairs, expected, 4 * std::sqrt(2. / kDim / kPairs) * expected) << mode;
  }
}

TEST(InterpolationTheory, TablesHaveNumbersOrEmptyCells) {
  const std::string theory = interpolation_theory_table().csv(), shifts = interpolation_shift_table().csv();
  EXPECT_NE(theory.find("spherical,2,0.5,\n"), std::string::npos);
  EXPECT_NE(theory.find("linear,256,0.5,0.5\n"), std::string::npos);
  EXPECT_NE(shifts.find("\nlinear,,0.5,0.5,0.5,0.5,"), std::string::npos) << shifts;
  for (const std::string& csv : {theory, shifts}) {
    EXPECT_EQ(csv.find("inf"), std::string::npos);
    EXPECT_EQ(csv.find("nan"), std::string::npos);
  }
}

TEST(InterpolationTheory, KnowsTheLengthHalfWay) {
  EXPECT_EQ(half_way_length("spherical", "", 1), 1);
  EXPECT_NEAR(half_way_length("linear", "", std::numbers::pi / 2), std::sqrt(0.5), 1e-15);
  EXPECT_NEAR(half_way_length("indist", "nlinear", std::numbers::pi / 2), 1, 1e-15);
  EXPECT_NEAR(half_way_length("indist", "sine", std::numbers::pi / 3), std::sqrt(1.5), 1e-15);
}

}  // namespace
}  // namespace farfield
