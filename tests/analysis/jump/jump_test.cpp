#include "analysis/jump/jump.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/paths/evaluations.h"
#include "core/error.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

GaussianStats three_values() {
  return {torch::tensor({0.3, -0.2, 0.1}, torch::kFloat64), torch::eye(3, torch::kFloat64),
          torch::tensor({4.0, 0.25, 0.0}, torch::kFloat64), 0, 10};
}

SampleRequest jump_request(int64_t steps, int64_t seeds = 6) {
  SampleRequest request;
  for (int64_t seed = 0; seed < seeds; ++seed) request.seeds.push_back(seed);
  request.levels = noise_levels({.steps = steps});
  return request;
}

// The run of its own that --ode-jump makes ends on D_n bit for bit, after 2 n + 1 evaluations of Heun's method.
TEST(Jump, IsWhatARunThatJumpsThereReturns) {
  const auto model = make_gaussian(three_values(), {3});
  for (const char* name : {"heun", "euler"}) {
    const auto solver = make_solver(name);
    SampleRequest request = jump_request(8);
    request.trajectory = true;
    const Samples whole = sample(*model, *solver, request);
    const Jump jump = measure_jump(*model, *solver, {.request = jump_request(8)});
    for (int64_t n = 1; n < 8; ++n) {
      request.ode_jump = request.levels[n];
      const Samples jumped = sample(*model, *solver, request);
      EXPECT_TRUE(torch::equal(jumped.x, whole.denoised[n])) << name << " " << n;
      EXPECT_EQ(jumped.nfe, jump.nfe[n] + 1) << name << " " << n;
    }
    EXPECT_EQ(jump.nfe[5] + 1, std::string(name) == "heun" ? 2 * 5 + 1 : 5 + 1);
    EXPECT_EQ(jump.nfe.back(), whole.nfe);
  }
}

TEST(Jump, DistancesAreThoseOfTheRun) {
  const auto model = make_gaussian(three_values(), {3});
  const auto solver = make_solver("heun");
  SampleRequest request = jump_request(5);
  const Jump jump = measure_jump(*model, *solver, {.request = request});
  request.trajectory = true;
  const Samples whole = sample(*model, *solver, request);
  ASSERT_EQ(jump.distance_x.sizes(), torch::IntArrayRef({6, 6}));
  ASSERT_EQ(jump.distance_d.sizes(), torch::IntArrayRef({6, 5}));
  for (int64_t n = 0; n < 5; ++n) {
    EXPECT_LE(test::relative_deviation(jump.distance_x.select(1, n), (whole.trajectory[n] - whole.x).norm(2, 1)),
              1e-12);
    EXPECT_LE(test::deviation(jump.distance_d.select(1, n), (whole.denoised[n] - whole.x).norm(2, 1)), 1e-12);
  }
  EXPECT_EQ(jump.distance_x.select(1, 5).abs().max().item<double>(), 0);
  EXPECT_EQ(jump.distance_d.select(1, 4).abs().max().item<double>(), 0);  // the step to 0 ends on D
}

// Figure 9 of "A Geometric Perspective": for a Gaussian D is nearer to its end than x at every level above sigma_min.
void expect_nearer(const Denoiser& model) {
  SampleRequest request = jump_request(40, 32);
  request.levels = noise_levels({.steps = 40, .final = "sigma_min"});
  const Path path = run_path(model, *make_solver("heun"), request, path_start(request, model.info(), {0, 32}));
  const auto mean_distance = [](const torch::Tensor& points, int64_t n) {
    return (points[n] - points[-1]).flatten(1).norm(2, 1).mean().item<double>();
  };
  for (int64_t n = 0; n + 1 < path.denoised.size(0); ++n)
    EXPECT_LT(mean_distance(path.denoised, n), mean_distance(path.states, n)) << path.levels[n];
}

TEST(Jump, OfAGaussianIsNearerToItsEndThanTheState) { expect_nearer(*make_gaussian(three_values(), {3})); }

TEST(Jump, OfTheGaussianOfCifarIsNearerToItsEndThanTheState) {
  const auto folder = test::data_dir();
  if (!folder) GTEST_SKIP() << "no data folder";
  const auto data = open_data((*folder / "cifar10/cifar10-32x32-test.zip").string() + ",first=300,resize=8");
  expect_nearer(*make_gaussian(measure_gaussian(*data), data->info().shape));
}

TEST(Jump, KnowsTheNearestData) {
  const auto data = open_data("moons,count=40");
  const auto model = make_delta(data->rows(0, 40), {2});
  const Jump jump = measure_jump(*model, *make_solver("heun"), {.request = jump_request(6), .data = data});
  EXPECT_EQ(jump.neighbour_x.select(1, 6).max().item<double>(), 0);  // the exact denoiser ends on data
  EXPECT_GT(jump.neighbour_x.select(1, 0).min().item<double>(), 1);
  EXPECT_TRUE((jump.neighbour_d <= jump.distance_d + 1e-12).all().item<bool>());
  const auto error = test::error_of([&] {
    measure_jump(*model, *make_solver("heun"),
                 {.request = jump_request(6), .data = open_data("glyphs,count=4,size=8")});
  });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
}

// Few levels, one dimension, a path that does not move, equal seeds: numbers or empty cells.
TEST(Jump, HasNumbersWhereverThereAreAny) {
  const GaussianStats point = {torch::zeros({1}, torch::kFloat64), torch::eye(1, torch::kFloat64),
                               torch::zeros({1}, torch::kFloat64), 0, 10};
  const auto model = make_gaussian(point, {1});
  for (const int64_t steps : {1, 2, 3}) {
    SampleRequest request = jump_request(steps);
    request.seeds = {7, 7};
    const Jump jump = measure_jump(*model, *make_solver("euler"), {.request = request});
    const JumpSummary summary = summarise(jump);
    EXPECT_EQ(summary.half_distance, 0);
    EXPECT_EQ(summary.nfe_jump, 1);
    EXPECT_EQ(summary.nfe_state, steps);
    const std::string csv = jump_table(jump).csv();
    EXPECT_EQ(csv.find("nan"), std::string::npos) << csv;
    EXPECT_NE(csv.find(",,,,"), std::string::npos);  // no D at the last level
    EXPECT_TRUE(torch::equal(jump.distance_x[0], jump.distance_x[1]));
  }
}

TEST(Jump, InTheVpViewMeasuresAlphaX) {
  const auto model = make_gaussian(three_values(), {3});
  const auto solver = make_solver("euler");
  SampleRequest request = jump_request(4);
  const Jump jump = measure_jump(*model, *solver, {.request = request, .space = PathSpace::kVp});
  const Path path = in_vp_space(run_path(*model, *solver, request, path_start(request, model->info(), {0, 6})));
  EXPECT_LE(test::relative_deviation(jump.distance_x.select(1, 1), (path.states[1] - path.states[4]).norm(2, 1)),
            1e-12);
}

TEST(Jump, IsTheSameForAnyBatchAndRanks) {
  const test::ThreadCount one_thread(1);
  const auto data = open_data("moons,count=40");
  const auto model = make_delta(data->rows(0, 40), {2});
  SampleRequest request = jump_request(4, 7);
  const auto solver = make_solver("heun");
  const Jump whole = measure_jump(*model, *solver, {.request = request, .data = data});
  request.batch = 2;
  const Jump parts = measure_jump(*model, *solver, {.request = request, .data = data});
  EXPECT_LE(test::deviation(parts.distance_d, whole.distance_d), 1e-12);
  test::run_ranks(3, [&](Comm& comm) {
    const Jump shared = measure_jump(*model, *solver, {.request = request, .data = data}, {}, comm);
    for (const auto field : {&Jump::distance_x, &Jump::distance_d, &Jump::neighbour_x, &Jump::neighbour_d})
      EXPECT_TRUE(torch::equal(shared.*field, parts.*field));
  });
}

TEST(Jump, NeedsAPathOfTheOdeWithFixedSteps) {
  const auto model = make_gaussian(three_values(), {3});
  for (const char* name : {"dopri5", "euler_ancestral"}) {
    const auto error = test::error_of([&] { measure_jump(*model, *make_solver(name), {.request = jump_request(4)}); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << name;
  }
}

TEST(Evaluations, AreCountedLevelByLevel) {
  const auto levels = noise_levels({.steps = 4});
  EXPECT_EQ(evaluations_at_levels(*make_solver("heun"), levels), (std::vector<int64_t>{0, 2, 4, 6, 7}));
  EXPECT_EQ(evaluations_at_levels(*make_solver("euler"), levels), (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace farfield
