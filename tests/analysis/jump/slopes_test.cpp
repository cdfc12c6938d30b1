#include "analysis/jump/slopes.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

GaussianStats slope_gaussian() {
  return {torch::tensor({0.3, -0.2, 0.1}, torch::kFloat64), torch::eye(3, torch::kFloat64),
          torch::tensor({4.0, 0.25, 0.01}, torch::kFloat64), 0, 10};
}

// Two steps of a solver from x_0 over three levels, the history being Euler's: the state of the second is where Euler goes.
struct TwoSteps {
  std::vector<double> levels;
  torch::Tensor x0, x1, x2, d0, d1;

  TwoSteps(const std::string& name, std::vector<double> given) : levels(std::move(given)) {
    const test::ToyDenoiser denoise = test::toy_two_modes();
    const auto solver = make_solver(name);
    const auto memory = solver->make_memory(plan_run(*solver, levels));
    torch::manual_seed(1);
    x0 = levels[0] * torch::randn({5, 7}, torch::kFloat64);
    d0 = denoise(x0, levels[0]);
    solver->step(denoise, x0, {levels[0], levels[1]}, memory.get());
    x1 = x0 + (levels[1] - levels[0]) * (x0 - d0) / levels[0];
    const Step second = solver->step(denoise, x1, {levels[1], levels[2]}, memory.get());
    d1 = denoise(x1, levels[1]);
    EXPECT_TRUE(torch::equal(second.denoised, d1));
    x2 = second.x;
  }
  torch::Tensor implied() const { return implied_slope(x1, x2, d1, levels[1], levels[2]); }
};

// "On the Trajectory Regularity", table 5, for an even and for uneven steps.
TEST(Slopes, OfFiveSolversAreTheirFiniteDifferences) {
  const test::ToyDenoiser denoise = test::toy_two_modes();
  for (const std::vector<double>& levels : {std::vector<double>{3, 2, 1}, {10, 2.5, 1.7}, {80, 60, 0.3}}) {
    const double from = levels[1], to = levels[2], h = to - from;
    {
      const TwoSteps run("euler", levels);
      EXPECT_LE(test::deviation(generalised_denoised(run.x1, run.x2, from, to), run.d1), 1e-12);
    }
    {
      const TwoSteps run("heun", levels);
      const torch::Tensor predicted = run.x1 + h * (run.x1 - run.d1) / from;
      const torch::Tensor expected = (from / to) * (denoise(predicted, to) - run.d1) / h;
      EXPECT_LE(test::deviation(run.implied(), expected), 1e-12);
    }
    {
      const TwoSteps run("dpm2", levels);
      const double s = std::sqrt(from * to);
      const torch::Tensor middle = run.x1 + (s - from) * (run.x1 - run.d1) / from;
      const torch::Tensor expected = (from / s) * (denoise(middle, s) - run.d1) / (h / 2);
      EXPECT_LE(test::deviation(run.implied(), expected), 1e-12);
    }
    {
      const TwoSteps run("spndm", levels);
      EXPECT_LE(test::deviation(run.implied(), (run.d1 - run.d0) / h), 1e-12);
    }
    {
      const TwoSteps run("deis_rhoab2", levels);
      EXPECT_LE(test::deviation(run.implied(), (run.d1 - run.d0) / (levels[1] - levels[0])), 1e-12);
    }
  }
}

SampleRequest slope_request(int64_t steps) {
  SampleRequest request;
  request.seeds = {0, 1, 2, 3};
  request.levels = noise_levels({.steps = steps});
  return request;
}

// d/dsigma of l / sqrt((sigma^2 + l)(s0^2 + l)) = -sigma / (sigma^2 + l) times it: the closed form's slope.
TEST(Slopes, AreMeasuredAgainstTheDerivativeAlongThePath) {
  const auto model = make_gaussian(slope_gaussian(), {3});
  const SampleRequest request = slope_request(12);
  const Slopes slopes = measure_slopes(*model, {"euler", "heun"}, request);
  ASSERT_EQ(slopes.error.sizes(), torch::IntArrayRef({4, 2, 12}));
  const torch::Tensor start = path_start(request, model->info(), {0, 4}).x;
  const torch::Tensor l = slope_gaussian().eigenvalues, mean = slope_gaussian().mean;
  for (size_t n = 0; n < 12; ++n) {
    const double sigma = request.levels[n];
    const torch::Tensor exact = -sigma / (sigma * sigma + l) *
                                (gaussian_flow_denoised(slope_gaussian(), start, request.levels[0], sigma) - mean);
    const torch::Tensor size = slopes.size.select(1, static_cast<int64_t>(n));
    EXPECT_LE(test::relative_deviation(size, exact.norm(2, 1)), 0.01) << sigma;
    if (n + 1 == 12) continue;
    EXPECT_LE((slopes.error.select(1, 0).select(1, static_cast<int64_t>(n)) - 1).abs().max().item<double>(), 1e-9);
  }
  EXPECT_TRUE(slopes.error.select(2, 11).isnan().all().item<bool>());  // the step to 0
}

// Of order two: with small steps the implied slope is the true one.
TEST(Slopes, OfFineStepsOfHeunAreTrue) {
  const auto model = make_gaussian(slope_gaussian(), {3});
  const auto error_with = [&](int64_t steps) {
    const Slopes slopes = measure_slopes(*model, {"heun"}, slope_request(steps));
    return slopes.error.select(1, 0).narrow(1, 0, steps - 1).mean().item<double>();
  };
  const double coarse = error_with(20), fine = error_with(80);
  EXPECT_LT(fine, 0.4 * coarse);
}

TEST(Slopes, AreNumbersOrEmptyCells) {
  const GaussianStats point = {torch::zeros({1}, torch::kFloat64), torch::eye(1, torch::kFloat64),
                               torch::zeros({1}, torch::kFloat64), 0, 10};
  for (const int64_t steps : {1, 2, 3}) {
    const Slopes slopes = measure_slopes(*make_gaussian(point, {1}), slope_solvers(), slope_request(steps));
    const std::string csv = slope_table(slopes).csv();  // D is constant: no slope anywhere
    EXPECT_EQ(csv.find("nan"), std::string::npos) << csv;
    EXPECT_NE(csv.find("heun,0,80,,,,\n"), std::string::npos) << csv;
  }
}

TEST(Slopes, AreTheSameOnAnyRanks) {
  const auto model = make_gaussian(slope_gaussian(), {3});
  SampleRequest request = slope_request(5);
  request.batch = 1;
  const Slopes one = measure_slopes(*model, {"heun"}, request);
  test::run_ranks(2, [&](Comm& comm) {
    EXPECT_TRUE(torch::equal(measure_slopes(*model, {"heun"}, request, comm).size, one.size));
  });
}

TEST(Slopes, NeedTheSchedulesOwnSteps) {
  const auto model = make_gaussian(slope_gaussian(), {3});
  for (const char* name : {"dopri5", "dpm_fast"}) {
    const auto error = test::error_of([&] { measure_slopes(*model, {name}, slope_request(6)); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << name;
  }
}

}  // namespace
}  // namespace farfield
