// The scores of points on a line as denoisers that every solver takes, against their flow map in closed form (004, Prop. 3).
#include <cmath>

#include <gtest/gtest.h>

#include "core/data/source.h"
#include "models/registry/model_registry.h"
#include "models/smoothing/line_smoothing.h"
#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kKappa = 0.4, kStart = 0.02;  // of time, for four points on [-1, 1]

std::unique_ptr<Denoiser> piecewise() {
  const Tensor points = torch::tensor({-1.0, -1.0 / 3, 1.0 / 3, 1.0}).unsqueeze(1).to(torch::kFloat32);
  return open_model("piecewise,kappa=0.4", {.data = std::make_shared<DataSource>("points", points, Tensor(), 0)});
}

Tensor starts() { return torch::linspace(-1.5, 1.5, 61, torch::kFloat64).unsqueeze(1); }

Tensor mapped(const Tensor& x, double to) {
  const EvenPoints line({-1, -1.0 / 3, 1.0 / 3, 1});
  Tensor result = torch::empty_like(x);
  for (int64_t i = 0; i < x.size(0); ++i) result[i] = line.flow(x[i].item<double>(), kStart, to, kKappa);
  return result;
}

TEST(SmoothingFlow, OfAnAccurateSolverIsTheClosedForm) {
  const auto denoiser = piecewise();
  const auto solver = make_solver("dopri5,rtol=1e-12,atol=1e-13");
  for (const double to : {0.01, 1e-4}) {
    const Tensor x = integrate(*solver, denoiser->bind(), starts(), {std::sqrt(kStart), std::sqrt(to)}).x;
    EXPECT_LE(test::deviation(x, mapped(starts(), to)), 1e-9) << to;
  }
}

// Paths are straight in (sqrt(t), x), so that Euler's method is exact whatever the steps.
TEST(SmoothingFlow, OfEulersMethodIsTheClosedFormForAnySteps) {
  const auto denoiser = piecewise();
  const double first = std::sqrt(kStart);
  for (const std::vector<double>& levels :
       {std::vector{first, 0.0}, {first, 0.1, 0.03, 0.0}, {first, 0.9 * first, 0.89 * first, 1e-6, 0.0}}) {
    const Tensor x = integrate(*make_solver("euler"), denoiser->bind(), starts(), levels).x;
    EXPECT_LE(test::deviation(x, mapped(starts(), 0)), 1e-13) << levels.size();
  }
}

// Every solver of order one and more comes to the same, from far above the level where smoothing begins, too.
TEST(SmoothingFlow, OfOtherSolversIsFinite) {
  for (const char* model :
       {"smoothed:moons,count=50,tau=0.1,samples=2", "piecewise:moons,count=50,tau=0.1,samples=2"}) {
    const auto denoiser = open_model(model);
    for (const char* solver : {"heun", "dpmpp_2m", "ipndm3"}) {
      const Tensor x = torch::linspace(-80, 80, 10, torch::kFloat64).reshape({5, 2});
      const Tensor end = integrate(*make_solver(solver), denoiser->bind(), x, {80, 10, 1, 0.1, 0}).x;
      EXPECT_LE(end.abs().max().item<double>(), 3) << model << " " << solver;
    }
  }
}

}  // namespace
}  // namespace farfield
