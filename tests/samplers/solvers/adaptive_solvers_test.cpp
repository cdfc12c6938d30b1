#include "samplers/solvers/error_control.h"

#include <array>

#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

torch::Tensor start_at(double sigma) { return torch::linspace(-1.7, 2.1, 6, torch::kFloat64).view({3, 2}) * sigma; }

TEST(AdaptiveSolvers, the_error_follows_the_tolerance) {
  const auto denoise = test::toy_two_modes();
  const std::vector<double> levels = {80, 0.01};
  const auto exact = test::reference_flow(denoise, start_at(80), 80, 0.01, 20'000);
  for (const std::string name : {"dopri5", "dpm_adaptive", "dpm_adaptive,order=2"}) {
    double error = 1;
    int64_t nfe = 0;
    for (const std::string tolerance : {"1e-3", "1e-5", "1e-7"}) {
      const auto solver = make_solver(name + ",rtol=" + tolerance + ",atol=" + tolerance);
      const auto result = integrate(*solver, denoise, start_at(80), levels);
      const double now = test::deviation(result.x, exact);
      EXPECT_LT(now, 30 * std::stod(tolerance)) << name << " " << tolerance;
      EXPECT_LT(now, error / 5) << name << " " << tolerance;
      EXPECT_GT(result.nfe, nfe) << name << " " << tolerance;
      error = now, nfe = result.nfe;
    }
  }
}

TEST(AdaptiveSolvers, dopri5_is_a_reference_at_every_level) {
  const auto denoise = test::toy_two_modes();
  const auto levels = noise_levels({.steps = 5, .sigma_min = 0.01, .final = "sigma_min"});
  IntegrateOptions options;
  options.observer = [&](const StepView& view) {
    const auto exact = test::reference_flow(denoise, start_at(80), 80, view.sigma_to);
    EXPECT_LE(test::deviation(view.x_after, exact), 1e-8) << view.sigma_to;
  };
  integrate(*make_solver("dopri5,rtol=1e-10,atol=1e-10"), denoise, start_at(80), levels, options);
  const auto x = torch::full({1, 1}, 56, torch::kFloat64);
  const auto p7 = noise_levels({.steps = 6, .final = "sigma_min"});
  const auto result = integrate(*make_solver("dopri5,rtol=1e-12,atol=1e-12"), test::toy_gaussian(), x, p7);
  EXPECT_NEAR(result.x.item<double>(), 0.6481209858, 1e-9) << "the closed form";
}

// The first attempts of one Gaussian coordinate, worked out independently with SciPy's tableau of the method.
TEST(AdaptiveSolvers, dopri5_known_numbers) {
  const std::vector<std::array<double, 3>> known = {{1.8, 1.2968066660432689, 2.4593819206858436e-06},
                                                    {1.3021608017113282, 1.044265024841136, 0.0008075295384248712},
                                                    {0.17512620970002524, 0.5806848105049393, 0.16434154604714632}};
  size_t next = 0;
  IntegrateOptions options;
  options.on_attempt = [&](const Attempt& attempt) {
    if (next == known.size()) return;
    const auto [to, x, error] = known[next++];
    EXPECT_NEAR(attempt.to, to,
                2e-9);  // it follows the first error, 2.5e-9 of a state of 1: eight digits of it are rounding
    EXPECT_NEAR(attempt.x.item<double>(), x, 2e-9);
    EXPECT_NEAR(attempt.error, error, 1e-7 * error + 1e-11);
  };
  const auto x = torch::full({1, 1}, 1.4, torch::kFloat64);
  integrate(*make_solver("dopri5,rtol=1e-9,atol=1e-3"), test::toy_gaussian(), x, {2, 0.01}, options);
  EXPECT_EQ(next, known.size());
}

TEST(AdaptiveSolvers, attempts_are_told_and_a_rejected_one_changes_nothing) {
  const auto denoise = test::toy_two_modes();
  for (const std::string name : {"dopri5,rtol=1e-4,atol=1e-4", "dpm_adaptive,rtol=0.001"}) {
    double reached = 80;
    int64_t rejected = 0;
    torch::Tensor last;
    IntegrateOptions options;
    options.on_attempt = [&](const Attempt& attempt) {
      EXPECT_EQ(attempt.from, reached);
      EXPECT_LT(attempt.to, attempt.from);
      EXPECT_GT(attempt.next, 0);
      if (attempt.accepted) {
        reached = attempt.to;
      } else if (last.defined()) {
        EXPECT_TRUE(torch::equal(attempt.x, last));
      }
      rejected += attempt.accepted ? 0 : 1;
      last = attempt.x;
    };
    const auto result = integrate(*make_solver(name), denoise, start_at(80), {80, 0.01}, options);
    EXPECT_EQ(reached, 0.01);
    EXPECT_GT(rejected, 0) << name << ": the case is meant to have rejected attempts";
    EXPECT_TRUE(torch::equal(last, result.x));
  }
}

TEST(AdaptiveSolvers, a_model_that_gives_nan_ends_the_run) {
  for (const std::string name : {"dopri5", "dpm_adaptive"}) {
    const auto broken = [](const torch::Tensor& x, double sigma) { return sigma < 5 ? x * std::nan("") : x * 0.5; };
    const auto error = test::error_of([&] { integrate(*make_solver(name), broken, start_at(80), {80, 0.01}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
    EXPECT_NE(std::string(error->what()).find(name), std::string::npos) << error->what();
  }
}

TEST(ErrorControl, sizes_follow_the_controller) {
  StepSizeController controller({.pcoeff = 0.2, .icoeff = 0.5, .dcoeff = 0.1}, 2, 1);
  const auto factor = [](double f) { return 1 + std::atan(f - 1); };
  EXPECT_TRUE(controller.propose(0.5, 1));
  double size = factor(std::pow(2, 0.5 / 2));  // with one error thrice the exponents add up to icoeff / order
  EXPECT_NEAR(controller.size(), size, 1e-7);
  EXPECT_FALSE(controller.propose(16, controller.size()));
  size *= factor(std::pow(1. / 16, 0.8 / 2) * std::pow(2, -0.4 / 2) * std::pow(2, 0.1 / 2));
  EXPECT_NEAR(controller.size(), size, 1e-7) << "a rejected error is forgotten";
  EXPECT_TRUE(controller.propose(1, size / 100));
  EXPECT_NEAR(controller.size(), size, 1e-7) << "an accepted step that was cut short does not lower the size";
}

}  // namespace
}  // namespace farfield
