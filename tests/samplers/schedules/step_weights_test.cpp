#include "samplers/schedules/step_weights.h"

#include <cmath>

#include "models/analytic/analytic.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// Theorem 1 for the exact denoiser: Euler's step is the convex combination of the state and the annealed mean shift.
TEST(StepWeights, euler_is_the_convex_combination_with_the_mean_shift) {
  const auto exact = make_delta(test::normals({50, 4}, 1), {4});
  for (const auto& schedule : schedule_names()) {
    const auto levels = noise_levels({.schedule = schedule, .steps = 8});
    const auto weights = step_weights(levels);
    ASSERT_EQ(weights.size(), levels.size() - 1);
    Tensor x = levels[0] * test::normals({6, 4}, 2);
    for (size_t n = 0; n < weights.size(); ++n) {
      const Interval step{levels[n], levels[n + 1]};
      const DenoiseFn denoise = exact->bind();
      const Tensor shifted = make_solver("mean_shift")->step(denoise, x, step, nullptr).x;
      EXPECT_TRUE(torch::equal(shifted, (*exact)(x, levels[n]))) << schedule;
      const Tensor combined = (1 - weights[n].weight) * x + weights[n].weight * shifted;
      const Tensor euler = make_solver("euler")->step(denoise, x, step, nullptr).x;
      EXPECT_LE(test::deviation(euler, combined), 1e-14 * levels[n] + 1e-14) << schedule << " " << n;
      EXPECT_EQ(weights[n].sigma, levels[n]);
      EXPECT_GT(weights[n].weight, 0);
      EXPECT_LE(weights[n].weight, 1);
      x = euler;
    }
    EXPECT_EQ(weights.back().weight, 1) << schedule;  // to 0
  }
}

TEST(StepWeights, are_minus_the_logarithmic_step_to_first_order) {
  for (const int64_t steps : {100, 1000}) {
    for (const auto& one : step_weights(noise_levels({.steps = steps, .final = "sigma_min"}))) {
      EXPECT_LE(std::abs(one.weight - one.log_step), one.log_step * one.log_step / 2 + 1e-15);
      EXPECT_NEAR(one.weight, -std::expm1(-one.log_step), 1e-14);
    }
  }
}

// Uniform in ln sigma is one weight; the documents' polynomial puts more of it at the end.
TEST(StepWeights, tell_schedules_apart) {
  for (const auto& one : step_weights(noise_levels({.schedule = "logsnr", .steps = 12, .final = "sigma_min"})))
    EXPECT_NEAR(one.weight, 1 - std::pow(0.002 / 80, 1.0 / 12), 1e-12);
  const auto polynomial = step_weights(noise_levels({.steps = 17, .final = "sigma_min"}));
  for (size_t n = 1; n < polynomial.size(); ++n) EXPECT_GT(polynomial[n].weight, polynomial[n - 1].weight);
}

TEST(StepWeights, a_step_to_0_has_an_empty_cell) {
  EXPECT_EQ(weight_table({4, 1, 0}).csv(), "sigma,weight,log_step\n4,0.75,1.3862943611198906\n1,1,\n");
}

}  // namespace
}  // namespace farfield
