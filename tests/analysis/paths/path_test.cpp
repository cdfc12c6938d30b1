#include "analysis/paths/path.h"

#include <gtest/gtest.h>

#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

GaussianStats plane() {
  return {torch::tensor({0.3, -0.2, 0.1}, torch::kFloat64), torch::eye(3, torch::kFloat64),
          torch::tensor({4.0, 0.25, 0.0}, torch::kFloat64), 0, 10};
}

SampleRequest request_of(int64_t steps) {
  SampleRequest request;
  request.seeds = {3, 1, 4, 1, 5};
  request.levels = noise_levels({.steps = steps});
  return request;
}

// The path is the trajectory of sample(), and its D the denoiser at those states.
TEST(Path, IsTheTrajectoryOfSample) {
  const auto model = make_gaussian(plane(), {3});
  const auto solver = make_solver("heun");
  SampleRequest request = request_of(6);
  request.trajectory = true;
  const Samples samples = sample(*model, *solver, request);
  check_paths(request, *solver, model->info());
  const Path path = run_path(*model, *solver, request, path_start(request, model->info(), {0, 5}));
  EXPECT_TRUE(torch::equal(path.states, samples.trajectory));
  EXPECT_EQ(path.levels, samples.levels);
  EXPECT_EQ(path.nfe, samples.nfe);
  ASSERT_EQ(path.denoised.sizes(), torch::IntArrayRef({6, 5, 3}));
  for (int64_t n = 0; n < 6; ++n) EXPECT_TRUE(torch::equal(path.denoised[n], (*model)(path.states[n], path.levels[n])));
}

TEST(Path, OfSomeRowsIsThatOfAll) {
  const auto model = make_gaussian(plane(), {3});
  const auto solver = make_solver("euler");
  const SampleRequest request = request_of(6);
  const Path all = run_path(*model, *solver, request, path_start(request, model->info(), {0, 5}));
  const Path some = run_path(*model, *solver, request, path_start(request, model->info(), {2, 2}));
  EXPECT_LE(test::relative_deviation(all.states.narrow(1, 2, 2), some.states), 1e-12);
}

TEST(Path, OfTheClosedFormEndsOnTheGaussian) {
  const SampleRequest request = request_of(4);
  const auto model = make_gaussian(plane(), {3});
  const PathStart start = path_start(request, model->info(), {0, 5});
  const Path path = gaussian_path(plane(), start.x, request.levels);
  EXPECT_TRUE(torch::equal(path.states[0], start.x));
  EXPECT_LE(test::deviation(path.states[4].select(1, 2), torch::full({5}, 0.1, torch::kFloat64)), 1e-12);
  for (int64_t n = 0; n < 4; ++n)
    EXPECT_LE(test::relative_deviation(path.denoised[n], (*model)(path.states[n], path.levels[n])), 1e-12);
}

TEST(Path, InVpSpaceIsScaledByAlpha) {
  const auto model = make_gaussian(plane(), {3});
  const SampleRequest request = request_of(4);
  const auto solver = make_solver("euler");
  const Path path = run_path(*model, *solver, request, path_start(request, model->info(), {0, 5}));
  Path copy = path;
  copy.states = path.states.clone();
  const Path view = in_vp_space(std::move(copy));
  EXPECT_LE(test::relative_deviation(view.states[0], path.states[0] / std::sqrt(1 + 80.0 * 80.0)), 1e-15);
  EXPECT_TRUE(torch::equal(view.denoised, path.denoised));
}

TEST(Path, WhatHasNoPlaceIsRefused) {
  const auto model = make_gaussian(plane(), {3});
  const auto refused = [&](const SampleRequest& request, const std::string& solver) {
    const auto error = test::error_of([&] { check_paths(request, *make_solver(solver), model->info()); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  };
  SampleRequest request = request_of(4);
  refused(request, "euler_ancestral");
  request.afs = true;
  refused(request, "euler");
  request = request_of(4);
  request.churn.s_churn = 1;
  refused(request, "heun");
  request = request_of(4);
  request.ode_jump = 1.0;
  refused(request, "heun");
  request = request_of(4);
  request.levels = {80};
  refused(request, "heun");
}

}  // namespace
}  // namespace farfield
