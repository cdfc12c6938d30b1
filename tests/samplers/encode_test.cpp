#include "samplers/encode.h"

#include <cmath>

#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

std::vector<double> rising_levels(int64_t steps) { return noise_levels({.steps = steps, .final = "sigma_min"}); }

torch::Tensor toy_data() { return torch::linspace(-1.6, 1.7, 12, torch::kFloat64).view({4, 3}); }

bool encodes(const Solver& solver) {
  return !solver.stochastic() && solver.order() > 0 && solver.plan_levels(rising_levels(6)) == rising_levels(6);
}

// One step upward of Euler and of Heun, written down directly.
TEST(Encode, slope_methods_take_their_own_step_upward) {
  const auto denoise = test::toy_two_modes();
  const std::vector<double> levels = {3, 0.5};
  const auto x = toy_data();
  const auto d = (x - denoise(x, 0.5)) / 0.5, up = x + 2.5 * d;
  const auto euler = encode(*make_solver("euler"), denoise, x, levels);
  EXPECT_LE(test::deviation(euler.x, up), 1e-14);
  EXPECT_EQ(euler.nfe, 1);
  const auto heun = encode(*make_solver("heun"), denoise, x, levels);
  EXPECT_LE(test::deviation(heun.x, x + 2.5 * 0.5 * (d + (up - denoise(up, 3)) / 3)), 1e-14);
  EXPECT_EQ(heun.nfe, 2);
}

TEST(Encode, every_deterministic_solver_goes_up_the_same_ode_and_comes_back) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  const auto levels = rising_levels(160);
  const auto x = toy_data();
  const auto exact = test::reference_flow(denoise, x, levels.back(), levels.front());
  int checked = 0;
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    if (!encodes(*solver)) continue;
    const double tolerance = solver->order() == 1 ? 0.05 : 5e-3;
    const auto up = encode(*solver, denoise, x, levels);
    EXPECT_LE(test::relative_deviation(up.x, exact), tolerance) << name;
    const auto back = integrate(*solver, denoise, up.x, levels).x;
    EXPECT_LE(test::deviation(back, x), 6 * tolerance) << name;
    ++checked;
  }
  EXPECT_GE(checked, 2);
}

TEST(Encode, is_of_the_solvers_order) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  const auto x = toy_data();
  const auto levels = rising_levels(40);
  const auto exact = test::reference_flow(denoise, x, levels.back(), levels.front());
  for (const char* name : {"euler", "heun"}) {
    const auto error = [&](int64_t steps) {
      return (encode(*make_solver(name), denoise, x, rising_levels(steps)).x - exact).abs().mean().item<double>();
    };
    EXPECT_NEAR(std::log2(error(160) / error(320)), make_solver(name)->order(), 0.2) << name;
  }
}

TEST(Encode, evaluates_at_the_levels_of_the_schedule_exactly) {
  const auto levels = rising_levels(7);
  std::vector<double> seen;
  const DenoiseFn denoise = [&, inner = test::toy_gaussian()](const torch::Tensor& x, double sigma) {
    seen.push_back(sigma);
    return inner(x, sigma);
  };
  encode(*make_solver("euler"), denoise, toy_data(), levels);
  EXPECT_EQ(seen, std::vector<double>(levels.rbegin(), levels.rend() - 1));
}

TEST(Encode, what_cannot_go_back_is_refused) {
  const auto refused = [](const std::vector<double>& levels, const std::string& words) {
    const auto error = test::error_of([&] { encode(*make_solver("euler"), test::toy_gaussian(), toy_data(), levels); });
    ASSERT_TRUE(error) << words;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused({80, 1, 0}, "above 0");
  refused({1, 80}, "above the one before");
}

}  // namespace
}  // namespace farfield
