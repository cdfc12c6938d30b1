// What wraps a solver: the analytical first step, thresholding, the final denoise and the ODE-Jump.
#include <cmath>

#include "samplers/integrate.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/truncated_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/thresholding.h"
#include "tests/support/test_support.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

const std::vector<double> kLevels = {80, 10, 1, 0.1};

torch::Tensor start() { return torch::linspace(-1, 1.5, 6, torch::kFloat64).view({3, 2}) * 80; }

TEST(AnalyticalFirstStep, the_first_value_is_the_unit_gaussians) {
  std::vector<double> called;
  const auto denoise = [&](const torch::Tensor& x, double sigma) {
    called.push_back(sigma);
    return x * 0.5;
  };
  IntegrateOptions options{.afs = true};
  options.observer = [&](const StepView& view) {
    if (view.index > 0) return;
    EXPECT_LE(test::relative_deviation(view.slope, start() / std::sqrt(1 + 80. * 80.)), 1e-13);
    EXPECT_LE(test::relative_deviation(view.denoised, start() * (1 - 80 / std::sqrt(1 + 80. * 80.))), 1e-11);
  };
  const auto result = integrate(*make_solver("euler"), denoise, start(), kLevels, options);
  EXPECT_EQ(called, (std::vector<double>{10, 1}));
  EXPECT_EQ(result.nfe, 2);
  integrate(*make_solver("euler"), denoise, start(), kLevels, options);
  EXPECT_EQ(called.size(), 4u) << "every run starts anew";
}

TEST(Thresholding, clips_each_sample_at_its_own_quantile) {
  const auto values = torch::tensor({{0.1, -0.2, 0.3, -0.4, 0.5}, {1.0, -2.0, 3.0, -4.0, 5.0}}, torch::kFloat64);
  const auto denoise = with_thresholding([&](const torch::Tensor&, double) { return values; }, 0.9);
  // the 0.9-quantile of 1 ... 5 lies at position 3.6: 4.6; the first row is within [-1, 1] and stays
  const auto expected = torch::stack({values[0], values[1].clamp(-4.6, 4.6) / 4.6});
  EXPECT_LE(test::deviation(denoise(values, 1), expected), 1e-15);
  EXPECT_EQ(values[1][4].item<double>(), 5) << "written in place";
  const auto whole = with_thresholding([&](const torch::Tensor&, double) { return values; }, 1);
  EXPECT_LE(test::deviation(whole(values, 1)[1], values[1] / 5), 1e-15);
  for (const double bad : {0.0, -0.1, 1.0005, std::nan("")}) {
    EXPECT_EQ(test::error_of([&] { check_threshold(bad); })->code(), ExitCode::kUsage);
  }
}

TEST(FinalDenoise, is_one_more_step_and_refused_where_it_is_there_already) {
  const auto denoise = test::toy_two_modes();
  const auto plain = integrate(*make_solver("heun"), denoise, start(), kLevels);
  std::vector<double> ends;
  IntegrateOptions options{.denoise_to_zero = true};
  options.observer = [&](const StepView& view) {
    EXPECT_EQ(view.steps, 4);
    ends.push_back(view.sigma_to);
  };
  const auto result = integrate(*make_solver("heun"), denoise, start(), kLevels, options);
  EXPECT_TRUE(torch::equal(result.x, denoise(plain.x, 0.1)));
  EXPECT_EQ(result.nfe, plain.nfe + 1);
  EXPECT_EQ(ends, (std::vector<double>{10, 1, 0.1, 0}));
  EXPECT_EQ(levels_visited(*make_solver("heun"), kLevels, true), (std::vector<double>{80, 10, 1, 0.1, 0}));
  const auto error = test::error_of([&] { integrate(*make_solver("heun"), denoise, start(), {80, 1, 0}, options); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
}

TEST(LevelCuts, an_ode_jump_keeps_the_levels_above_it) {
  EXPECT_EQ(levels_down_to({80, 10, 1, 0}, 5), (std::vector<double>{80, 10, 5}));
  EXPECT_EQ(levels_down_to({80, 10, 1, 0}, 10.000001), (std::vector<double>{80, 10}));
  EXPECT_EQ(levels_down_to({80, 10, 1}, 1), (std::vector<double>{80, 10, 1}));
  for (const double bad : {80.0, 100.0, 0.5, 0.0, -1.0}) {
    const auto error = test::error_of([&] { levels_down_to({80, 10, 1}, bad); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << bad;
    EXPECT_NE(std::string(error->what()).find("ODE-Jump"), std::string::npos);
  }
  EXPECT_EQ(test::error_of([&] { levels_down_to({80, 0}, 0); })->code(), ExitCode::kUsage);
}

class Toy final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&) const override {
    return test::toy_two_modes()(x, sigma[0].item<double>());
  }
  DenoiserInfo info_{.name = "toy", .sample_shape = {2}};
};

TEST(OdeJump, returns_the_denoiser_at_that_level) {
  const Toy toy;
  const auto solver = make_solver("heun");
  SampleRequest request{.seeds = {1, 2, 3}, .levels = noise_levels({.steps = 12}), .trajectory = true};
  const auto whole = sample(toy, *solver, request);
  request.ode_jump = request.levels[6];
  const auto jumped = sample(toy, *solver, request);
  EXPECT_TRUE(torch::equal(jumped.x, toy(whole.trajectory[6], request.levels[6])));
  EXPECT_TRUE(torch::equal(jumped.trajectory.narrow(0, 0, 7), whole.trajectory.narrow(0, 0, 7)));
  EXPECT_EQ(jumped.trajectory.size(0), 8);
  EXPECT_EQ(jumped.levels.back(), 0);
  EXPECT_EQ(jumped.nfe, 2 * 6 + 1);
  EXPECT_EQ(count_evaluations(*solver, request), jumped.nfe);
}

TEST(RunOptions, what_does_not_go_together_is_a_usage_error) {
  const Toy toy;
  const auto refused = [&](const SampleRequest& request, const std::string& words) {
    const auto error = test::error_of([&] { sample(toy, *make_solver("euler"), request); });
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  SampleRequest request{.seeds = {1}, .levels = {80, 1, 0}};
  request.denoise_to_zero = true;
  refused(request, "end at 0");
  request.ode_jump = 1;
  refused(request, "by itself");
  request.denoise_to_zero = false;
  request.threshold = 2;
  refused(request, "quantile");
}

}  // namespace
}  // namespace farfield
