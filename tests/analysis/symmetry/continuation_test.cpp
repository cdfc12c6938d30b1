#include "analysis/symmetry/continuation.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/symmetry/pair.h"
#include "models/analytic/analytic.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::vector<double> falling_levels(double from, double to, int64_t count) {
  std::vector<double> levels;
  for (int64_t i = 0; i < count; ++i) {
    levels.push_back(from * std::pow(to / from, static_cast<double>(i) / static_cast<double>(count - 1)));
  }
  return levels;
}

// Two points m +- v in five dimensions: the centre starts at the mean and breaks along v.
TEST(Continuation, OfTwoPointsFindsTheCriticalLevelAndDirection) {
  for (const double a : {1.0, 3.0}) {
    const torch::Tensor v = torch::tensor({0.0, 0.6, -0.8, 0.0, 0.0}, torch::kFloat64);
    const auto model = make_delta(torch::stack({-a * v, a * v}), {5});
    const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
    const Pair pair{a};
    const Continuation path = follow_centre(denoiser, falling_levels(20 * a, 0.2 * a, 25),
                                            torch::ones({5}, torch::kFloat64), {});
    EXPECT_FALSE(path.lost);
    ASSERT_TRUE(path.critical);
    EXPECT_NEAR(path.critical->sigma, pair.critical_sigma(), 1e-6);
    EXPECT_NEAR(std::fabs(path.critical->direction.dot(v).item<double>()), 1, 1e-9);
    for (size_t n = 0; n < path.levels.size(); ++n) {
      const double theta = 1 / std::hypot(1, path.levels[n]), known = pair.fixed_point(theta);
      EXPECT_LE(path.centre[n].x.norm().item<double>(), 1e-9) << path.levels[n];
      if (known == 0) {
        EXPECT_FALSE(path.sides[n][0] || path.sides[n][1]) << path.levels[n];
        continue;
      }
      ASSERT_TRUE(path.sides[n][0] && path.sides[n][1]) << path.levels[n];
      for (const size_t side : {0, 1}) {
        const double position = theta * path.sides[n][side]->x.dot(path.centre[n].direction).item<double>();
        EXPECT_NEAR(position, (side == 0 ? 1 : -1) * known, 1e-6 * a) << path.levels[n];
      }
    }
  }
}

TEST(Continuation, StartsAtAMeanThatIsNotZero) {
  const torch::Tensor mean = torch::tensor({3.0, -1.0}, torch::kFloat64),
                      v = torch::tensor({1.0, 0.0}, torch::kFloat64);
  const auto model = make_delta(torch::stack({mean - v, mean + v}), {2});
  const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
  const Continuation path = follow_centre(denoiser, falling_levels(80, 0.5, 12), torch::ones({2}, torch::kFloat64), {});
  const double gain = fixed_point_gain(80);
  EXPECT_LE(test::deviation(path.centre[0].x, mean / gain), 2e-2) << "D is nearly the mean there";
  for (const FixedPoint& point : path.centre) {
    EXPECT_LE((denoiser(point.x, point.sigma) - fixed_point_gain(point.sigma) * point.x).norm().item<double>(), 1e-8);
  }
}

TEST(Continuation, OfOnePointIsStableThroughout) {
  const auto model = make_delta(torch::tensor({{0.5, 0.25}}, torch::kFloat64), {2});
  const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
  const Continuation path = follow_centre(denoiser, falling_levels(80, 0.01, 10), torch::ones({2}, torch::kFloat64),
                                          {});
  ASSERT_EQ(path.centre.size(), 10u);
  EXPECT_FALSE(path.critical);
  for (const FixedPoint& point : path.centre) EXPECT_LT(sde_eigenvalue(point.denoiser_eigenvalue, point.sigma), 0);
}

TEST(Potential, IsThatOfThePairAndTheSameBySummation) {
  const auto model = make_delta(torch::tensor({{-1.0}, {1.0}}, torch::kFloat64), {1});
  const PointDenoiser denoiser(*model, {}, torch::kCPU, 1e-4);
  const Pair pair;
  for (const double theta : {0.4, 0.7, 0.9}) {
    const double sigma = std::sqrt(1 - theta * theta) / theta;
    FixedPoint centre = newton_fixed_point(denoiser, sigma, torch::zeros({1}, torch::kFloat64), {});
    centre.direction = torch::ones({1}, torch::kFloat64);
    const PotentialCurve known = potential_along(*model, denoiser, centre, 2 / theta, 401);
    const PotentialCurve summed = integrated_potential(denoiser, centre, 2 / theta, 401);
    for (size_t i = 0; i < known.position.size(); ++i) {
      const double x = known.position[i], scale = 1 + std::fabs(pair.potential_sde(x, theta));
      EXPECT_NEAR(known.sde[i], pair.potential_sde(x, theta), 1e-12 * scale);
      EXPECT_NEAR(known.ode[i], pair.potential_ode(x, theta), 1e-12 * scale);
      EXPECT_NEAR(summed.sde[i], known.sde[i], 1e-3 * scale) << theta << " " << x;
      EXPECT_NEAR(summed.ode[i], known.ode[i], 1e-3 * scale);
    }
    EXPECT_NEAR(known.position.back(), 2, 1e-14);
  }
}

}  // namespace
}  // namespace farfield
