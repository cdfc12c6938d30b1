// The variance-preserving view of a path: what is the same there, and what is another method.
#include <cmath>

#include <gtest/gtest.h>

#include "analysis/paths/path.h"
#include "models/analytic/analytic.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

GaussianStats gaussian_of(const std::vector<double>& eigenvalues, double mean) {
  const auto d = static_cast<int64_t>(eigenvalues.size());
  return {torch::full({d}, mean, torch::kFloat64), torch::eye(d, torch::kFloat64),
          torch::tensor(eigenvalues, torch::kFloat64), 0, 0};
}

SampleRequest request_over(const std::string& schedule) {
  SampleRequest request;
  request.seeds = {0, 1, 2, 3};
  request.levels = noise_levels({.schedule = schedule, .steps = 20});
  return request;
}

// DDIM, the exponential Euler step of dz/dt: z' = alpha' D + s' (z - alpha D) / s ("Trajectory Regularity", Cor. A.4).
torch::Tensor ddim_step(const torch::Tensor& z, const torch::Tensor& denoised, double from, double to) {
  const double alpha = vp_alpha(from), alpha_to = vp_alpha(to);
  return alpha_to * denoised + to * alpha_to * (z - alpha * denoised) / (from * alpha);
}

TEST(VpView, EulerInXIsExponentialEulerInZ) {
  torch::manual_seed(0);
  const auto exact = make_delta(torch::randn({30, 3}, torch::TensorOptions(torch::kFloat64)), {3});
  const auto gaussian = make_gaussian(gaussian_of({4, 0.25, 0}, 0.3), {3});
  for (const Denoiser* model :
       {static_cast<const Denoiser*>(exact.get()), static_cast<const Denoiser*>(gaussian.get())}) {
    for (const char* schedule : {"polynomial", "vp", "vp_uniform"}) {
      const SampleRequest request = request_over(schedule);
      const Path path = run_path(*model, *make_solver("euler"), request, path_start(request, model->info(), {0, 4}));
      torch::Tensor z = path.states[0] * vp_alpha(path.levels[0]);
      for (size_t n = 0; n + 1 < path.levels.size(); ++n) {
        z = ddim_step(z, (*model)(z / vp_alpha(path.levels[n]), path.levels[n]), path.levels[n], path.levels[n + 1]);
        const torch::Tensor x = path.states[static_cast<int64_t>(n) + 1];
        EXPECT_LE(test::deviation(z, vp_alpha(path.levels[n + 1]) * x), 1e-12) << schedule << " " << n;
      }
    }
  }
}

// Euler of dz/dt itself is another method, which needs more steps for the same end.
TEST(VpView, EulerOfTheScaledEquationIsAnotherMethod) {
  const auto model = make_gaussian(gaussian_of({4, 0.25, 0}, 0.3), {3});
  const SampleRequest request = request_over("vp");
  const auto ends = [&](const char* solver) {
    return run_path(*model, *make_solver(solver), request, path_start(request, model->info(), {0, 4})).states[-1];
  };
  const torch::Tensor known = gaussian_path(gaussian_of({4, 0.25, 0}, 0.3),
                                            path_start(request, model->info(), {0, 4}).x, request.levels)
                                  .states[-1];
  const torch::Tensor euler = ends("euler"), scaled = ends("edm_ablation,scaling=vp,schedule=vp,rule=euler");
  EXPECT_GT(test::deviation(scaled, euler), 1e-3);
  EXPECT_LE(test::deviation(scaled, known), 0.5) << "though of the same equation";
}

// Of N(0, I) z does not move: no length, no plane.
TEST(VpView, OfTheStandardNormalIsConstant) {
  const GaussianStats standard = gaussian_of({1, 1, 1}, 0);
  const auto model = make_gaussian(standard, {3});
  for (const char* schedule : {"polynomial", "vp"}) {
    const SampleRequest request = request_over(schedule);
    const PathStart start = path_start(request, model->info(), {0, 4});
    const Path closed = in_vp_space(gaussian_path(standard, start.x, request.levels));
    const Path solved = in_vp_space(
        run_path(*model, *make_solver("edm_ablation,scaling=vp,schedule=vp,rule=euler"), request, start));
    for (size_t n = 0; n < closed.levels.size(); ++n) {
      EXPECT_LE(test::deviation(closed.states[static_cast<int64_t>(n)], closed.states[0]), 1e-12)
          << schedule << " " << n;
    }
    EXPECT_LE(test::deviation(solved.states[-2], solved.states[0]), 1e-12) << schedule << ": dz/dt is 0";
  }
}

TEST(VpView, StatesDividedByAlphaAreThoseOfTheRun) {
  const auto model = make_gaussian(gaussian_of({4, 0.25, 0}, 0.3), {3});
  const SampleRequest request = request_over("vp_uniform");
  const Path path = run_path(*model, *make_solver("heun"), request, path_start(request, model->info(), {0, 4}));
  Path copy = path;
  copy.states = path.states.clone();
  const Path view = in_vp_space(std::move(copy));
  for (size_t n = 0; n < path.levels.size(); ++n) {
    const auto row = static_cast<int64_t>(n);
    EXPECT_LE(test::relative_deviation(view.states[row] / vp_alpha(path.levels[n]), path.states[row]), 1e-15);
  }
}

}  // namespace
}  // namespace farfield
