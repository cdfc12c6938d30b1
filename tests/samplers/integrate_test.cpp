#include "samplers/integrate.h"

#include "core/interrupts.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/trajectory.h"
#include "tests/support/test_support.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

const std::vector<double> kRunLevels = {80, 10, 1, 0};

TEST(Integrate, a_state_that_is_not_finite_is_named) {
  const auto solver = make_solver("euler");
  const auto denoise = [](const torch::Tensor& x, double sigma) {
    auto denoised = x * 0.5;
    if (sigma == 10) denoised[2] = std::nan("");
    return denoised;
  };
  const auto x = torch::ones({4, 3}, torch::kFloat64);
  const auto error = test::error_of([&] { integrate(*solver, denoise, x, kRunLevels); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  for (const char* words : {"step 2 of 3", "sigma 10 to 1", "sample 2 ", "1 of 4"}) {
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << words << ": " << error->what();
  }
}

TEST(Integrate, huge_but_finite_states_are_no_error) {
  const auto denoise = [](const torch::Tensor& x, double) { return x; };
  const auto x = torch::full({2, 3}, 1e308, torch::kFloat64);
  EXPECT_LE(test::relative_deviation(integrate(*make_solver("euler"), denoise, x, kRunLevels).x, x), 1e-15);
}

TEST(Integrate, a_signal_stops_it_at_the_next_evaluation) {
  int64_t calls = 0;
  const auto denoise = [&](const torch::Tensor& x, double) {
    if (++calls == 2) set_interrupted(true);
    return x * 0.5;
  };
  const auto error = test::error_of(
      [&] { integrate(*make_solver("heun"), denoise, torch::ones({1, 1}, torch::kFloat64), kRunLevels); });
  set_interrupted(false);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_EQ(calls, 2);
}

TEST(Integrate, observers_see_every_step_and_trajectories_are_whole) {
  const auto solver = make_solver("heun");
  const auto denoise = test::toy_two_modes();
  const auto x = torch::linspace(-100, 100, 6, torch::kFloat64).view({3, 2});
  auto states = torch::empty({4, 3, 2}, torch::kFloat64);
  std::vector<std::pair<double, double>> seen;
  IntegrateOptions options;
  options.observer = [&, record = record_states(states)](const StepView& view) {
    record(view);
    seen.emplace_back(view.sigma_from, view.sigma_to);
    EXPECT_EQ(view.steps, 3);
    EXPECT_EQ(view.index + 1, static_cast<int64_t>(seen.size()));
    EXPECT_TRUE(torch::equal(view.denoised, denoise(view.x_hat, view.sigma_from)));
    EXPECT_TRUE(torch::allclose(view.slope, (view.x_hat - view.denoised) / view.sigma_from));
  };
  const auto result = integrate(*solver, denoise, x, kRunLevels, options);
  EXPECT_EQ(seen, (std::vector<std::pair<double, double>>{{80, 10}, {10, 1}, {1, 0}}));
  EXPECT_TRUE(torch::equal(states[0], x));
  EXPECT_TRUE(torch::equal(states[3], result.x));
}

TEST(Integrate, no_gradients_are_kept_and_dtype_stays) {
  const auto x = torch::ones({2, 2}, torch::requires_grad().dtype(torch::kFloat32));
  const auto result = integrate(*make_solver("heun"), test::toy_gaussian(), x, kRunLevels);
  EXPECT_FALSE(result.x.requires_grad());
  EXPECT_EQ(result.x.scalar_type(), torch::kFloat32);
  EXPECT_GE(result.seconds, 0);
}

TEST(Integrate, bad_levels_and_churn_are_usage_errors) {
  const auto run = [](const std::vector<double>& levels, const Churn& churn) {
    const auto x = torch::ones({1, 1}, torch::kFloat64);
    const auto error = test::error_of([&] {
      integrate(*make_solver("euler"), test::toy_gaussian(), x, levels,
                {.churn = churn, .noise = [&](int64_t) { return x; }});
    });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  };
  run({1, 2}, {});
  run({1, 1}, {});
  run(kRunLevels, {.s_churn = -1});
  run(kRunLevels, {.s_churn = std::nan("")});
  run(kRunLevels, {.s_churn = 1, .s_min = 5, .s_max = 1});
  run(kRunLevels, {.s_churn = 1, .s_noise = 0});
}

}  // namespace
}  // namespace farfield
