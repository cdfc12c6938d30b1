#include "analysis/theory/gaussian_curves.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/theory/emergence.h"
#include "samplers/schedules/vp_time.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(GaussianCurves, PreservingAndExplodingViewsAreOne) {
  for (const double l : {0.0, 0.01, 1.0, 30.0}) {
    for (const double sigma : {80.0, 3.0, 0.5, 0.002}) {
      const NoiseScale at = vp_scale(sigma), start = vp_scale(80);
      EXPECT_NEAR(psi(l, at, start), at.alpha / start.alpha * psi(l, ve_scale(sigma), ve_scale(80)), 1e-12);
      EXPECT_NEAR(xi(l, at, start) * start.alpha, xi(l, ve_scale(sigma), ve_scale(80)), 1e-15);
      EXPECT_NEAR(amplification(l, at) * at.alpha, amplification(l, ve_scale(sigma)), 1e-15);
    }
  }
}

TEST(GaussianCurves, PerturbationsHaveTheFactorsKnown) {
  const double ve[] = {0.8, 0.3162277660, 0}, vp[] = {1.4422205102, 0.5700877125, 0}, eigenvalues[] = {4, 0.25, 0};
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(amplification(eigenvalues[i], ve_scale(1.5)), ve[i], 1e-10);
    EXPECT_NEAR(amplification(eigenvalues[i], vp_scale(1.5)), vp[i], 1e-10);
  }
  EXPECT_EQ(amplification(0, ve_scale(0)), 0);
  EXPECT_EQ(psi(0, ve_scale(0), ve_scale(80)), 0);
  EXPECT_EQ(xi(0, ve_scale(0), ve_scale(80)), 0);
}

// Where |f| is largest on two million points uniform in ln sigma.
template <class Function>
double place_of_most(Function f) {
  double most = 0, place = 0;
  for (int64_t i = 0; i < 2'000'000; ++i) {
    const double sigma = 0.1 * std::exp(static_cast<double>(i) / 2e6 * std::log(100.0));
    const double value = std::fabs(f(sigma));
    if (value > most) most = value, place = sigma;
  }
  return place;
}

TEST(GaussianCurves, FeaturesChangeMostWhereSaid) {
  for (const double l : {0.25, 4.0}) {
    const CriticalLevels levels = critical_levels(l);
    EXPECT_NEAR(place_of_most([&](double sigma) { return xi_slope_ve(l, sigma, 80); }) / levels.steepest, 1, 3e-6);
    EXPECT_NEAR(place_of_most([&](double sigma) { return sigma * xi_slope_ve(l, sigma, 80); }) / levels.steepest_log, 1,
                3e-6);
    EXPECT_NEAR(xi(l, ve_scale(levels.half_power), ve_scale(80)) / xi(l, ve_scale(0), ve_scale(80)), std::sqrt(0.5),
                1e-15);
    EXPECT_NEAR(vp_scale(levels.half_power).alpha, levels.alpha, 1e-15);
  }
}

TEST(GaussianCurves, SlopesAreThoseOfTheCurves) {
  constexpr double kStep = 1e-5;
  for (const auto& name : process_names()) {
    const NoiseProcess process = noise_process(name, {80, 1, 0.002, 0}, 50);
    for (const double l : {0.0, 0.3, 20.0}) {
      for (const ProcessPoint& at : process.points) {
        if (name == "ddpm" || at.time <= kStep) continue;  // of a table
        const auto value = [&](double time) {
          const NoiseScale scale = name == "ve" ? ve_scale(time) : vp_scale(VpTime::from_betas(19.9, 0.1).sigma(time));
          return l > 0 ? xi(l, scale, process.start()) / std::sqrt(l) : 0;
        };
        EXPECT_NEAR(xi_rate(l, process, at), (value(at.time + kStep) - value(at.time - kStep)) / (2 * kStep),
                    1e-7 * (1 + std::fabs(xi_rate(l, process, at))))
            << name << " " << l << " " << at.time;
      }
    }
  }
}

TEST(NoiseProcess, RunsFromNoiseToData) {
  for (const auto& name : process_names()) {
    const NoiseProcess process = noise_process(name, {80, 1, 0.002, 0}, 200);
    EXPECT_GE(process.points.size(), 200u) << name;
    for (size_t i = 1; i < process.points.size(); ++i) {
      EXPECT_LT(process.points[i].scale.sigma(), process.points[i - 1].scale.sigma()) << name;
      EXPECT_LT(process.points[i].time, process.points[i - 1].time) << name;
    }
    for (const ProcessPoint& point : process.points) {
      if (name == "ve") continue;
      EXPECT_NEAR(std::hypot(point.scale.alpha, point.scale.s), 1, 1e-15) << name;
      EXPECT_LT(point.slope, 0) << name;
    }
  }
  EXPECT_NEAR(noise_process("ve", {80, 0}, 5).start().sigma(), 80, 0) << "one level above 0";
  EXPECT_NEAR(noise_process("vp", {80, 0}, 5).start().sigma(), std::sqrt(std::expm1(10.05)), 1e-9);
  EXPECT_NEAR(noise_process("ddpm", {80, 0}, 5).start().sigma(), ddpm_scales()[999].sigma(), 0);
  EXPECT_EQ(test::error_of([] { noise_process("vq", {80, 0}, 5); })->code(), ExitCode::kUsage);
}

TEST(Emergence, RowsNameTheStepOfTheirLevel) {
  GaussianStats gaussian = gaussian_of_eigenvalues({0.25, 10000, 4, 0});
  const std::vector<EmergenceRow> rows = emergence(gaussian, {80, 10, 2, 0.5, 0.002, 0});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].eigenvalue, 10000) << "in falling order";
  EXPECT_FALSE(rows[0].step) << "100 lies above the first level";
  EXPECT_EQ(rows[1].step, 2) << "sqrt(4) is the level 2, where step 2 begins";
  EXPECT_EQ(rows[2].step, 3);
  EXPECT_FALSE(rows[3].step) << "no variance, no feature";
  EXPECT_NEAR(rows[1].share, 10004 / 10004.25, 1e-15);
  EXPECT_EQ(rows[3].share, 1);
  EXPECT_EQ(rows[2].levels.half_power, 0.5);

  const GaussianStats low_rank{torch::zeros({5}, torch::kFloat64),
                               torch::eye(5, torch::kFloat64).narrow(1, 0, 2).contiguous(),
                               torch::tensor({4.0, 1.0}, torch::kFloat64), 0.5, 0};
  const std::vector<EmergenceRow> with_tail = emergence(low_rank, {80, 0});
  ASSERT_EQ(with_tail.size(), 3u);
  EXPECT_EQ(with_tail[2].component, 0);
  EXPECT_EQ(with_tail[2].directions, 3);
  EXPECT_NEAR(with_tail[2].share, 1, 1e-15);
  EXPECT_EQ(emergence(gaussian_of_eigenvalues({0}), {80, 0})[0].share, 0) << "no variance at all";
}

}  // namespace
}  // namespace farfield
