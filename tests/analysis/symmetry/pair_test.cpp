#include "analysis/symmetry/pair.h"

#include <cmath>

#include <gtest/gtest.h>

#include "samplers/schedules/vp_time.h"

namespace farfield {
namespace {

TEST(Pair, BreaksItsSymmetryWhereKnown) {
  const Pair pair;
  EXPECT_NEAR(pair.critical_theta(), 0.643594252905583, 1e-15);
  EXPECT_NEAR(pair.critical_theta(), std::sqrt(std::sqrt(2.0) - 1), 1e-15);
  EXPECT_NEAR(pair.critical_sigma(), 1.189207115002721, 1e-15);
  EXPECT_NEAR(VpTime::from_betas(19.9, 0.1).time(pair.critical_sigma()), 0.29264165, 1e-8);
  EXPECT_NEAR(pair.curvature_sde(pair.critical_theta()), 0, 1e-14);
  EXPECT_GT(pair.curvature_sde(0.64), 0);
  EXPECT_LT(pair.curvature_sde(0.65), 0);
}

TEST(Pair, FixedPointsAndTheirDepthsAreThoseKnown) {
  const Pair pair;
  const struct {
    double theta, x, depth;
  } rows[] = {{0.65, 0.2610549862, 0.000593627},
              {0.7, 0.6991741572, 0.0463518713},
              {0.8, 0.9470385762, 0.4046848632},
              {0.9, 0.9943138454, 1.6622697086},
              {0.99, 0.9999494975, 24.1799685}};
  for (const auto& row : rows) {
    const double x = pair.fixed_point(row.theta);
    EXPECT_NEAR(x, row.x, 1e-10) << row.theta;
    EXPECT_NEAR(-pair.potential_sde(x, row.theta) / row.depth, 1, 1e-6) << row.theta;
    EXPECT_NEAR(x * (1 + row.theta * row.theta) / 2, row.theta * std::tanh(x * row.theta / (1 - row.theta * row.theta)),
                1e-14);
  }
  EXPECT_EQ(pair.fixed_point(0.6), 0);
  for (const double above : {1e-6, 1e-8}) {
    const double x = pair.fixed_point(pair.critical_theta() + above);
    EXPECT_NEAR(x / std::sqrt(above), 3.30486863, 20 * above + 1e-6) << above;
  }
}

TEST(Pair, PotentialsAreThoseOfTheDensity) {
  for (const double a : {1.0, 0.3, 4.0}) {
    const Pair pair{a};
    for (const double theta : {0.1, 0.6, 0.95}) {
      const double v = 1 - theta * theta;
      const auto log_density = [&](double x) {
        return std::log(std::exp(-std::pow(x - a * theta, 2) / (2 * v)) +
                        std::exp(-std::pow(x + a * theta, 2) / (2 * v)));
      };
      for (const double x : {0.0, 0.2, -1.5}) {
        const double difference = log_density(x) - log_density(0);
        EXPECT_NEAR(pair.potential_sde(x, theta), -difference - x * x / 4, 1e-12 * (1 + std::fabs(difference)));
        EXPECT_NEAR(pair.potential_ode(x, theta), -difference / 2 - x * x / 4, 1e-12 * (1 + std::fabs(difference)));
      }
      constexpr double kStep = 1e-4;
      EXPECT_NEAR(pair.curvature_sde(theta), 2 * pair.potential_sde(kStep, theta) / (kStep * kStep),
                  1e-5 * (1 + std::fabs(pair.curvature_sde(theta))) * (1 + a * a / (v * v)));
    }
    EXPECT_NEAR(Pair{a}.critical_sigma(), std::sqrt(1 / std::pow(pair.critical_theta(), 2) - 1), 1e-14 * (1 + a));
    EXPECT_NEAR(pair.curvature_sde(pair.critical_theta()), 0, 1e-10 * (1 + std::pow(a, 4)));
  }
}

TEST(Pair, TheFlowIsNeverStableAtTheCentre) {
  const Pair pair;
  for (const double theta : {0.01, 0.3, 0.64, 0.9, 0.999}) {
    const double v = 1 - theta * theta;
    EXPECT_NEAR(pair.curvature_ode(theta), -std::pow(theta, 4) / (2 * v * v),
                1e-12 * std::fabs(pair.curvature_ode(theta)) + 1e-15);
    EXPECT_LT(pair.curvature_ode(theta), 0);
  }
}

// Two modes iff sigma < a: the density's curvature at 0 changes sign there, -(curvature_sde + 1/2).
TEST(Pair, TheDensityHasTwoModesBelowA) {
  for (const double a : {0.5, 1.0, 3.0}) {
    const Pair pair{a};
    const auto theta = [](double sigma) { return 1 / std::hypot(1, sigma); };
    EXPECT_GT(pair.curvature_sde(theta(1.01 * pair.modes_sigma())) + 0.5, 0);
    EXPECT_LT(pair.curvature_sde(theta(0.99 * pair.modes_sigma())) + 0.5, 0);
  }
}

}  // namespace
}  // namespace farfield
