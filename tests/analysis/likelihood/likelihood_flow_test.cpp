// Log-likelihoods along the flow against densities in closed form, and the order of the grids.
#include "analysis/likelihood/likelihood_flow.h"

#include <gtest/gtest.h>

#include "analysis/likelihood/growth.h"
#include "core/data/source.h"
#include "models/analytic/analytic.h"
#include "models/registry/model_registry.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

FlowResult flow(const AnalyticDenoiser& denoiser, const Tensor& x, const FlowRange& range, const FlowSolver& solver) {
  const Divergence divergence(denoiser, {}, {TraceKind::kExact}, 64);
  const FlowDivergence at = [&](const Tensor& states, const Tensor& sigma, const Tensor&) {
    return divergence(states, sigma, {});
  };
  std::vector<double> grid;
  if (solver.name != "dopri5") grid = flow_grid(solver, range.sigma_min, range.sigma_max, denoiser.info());
  return flow_up(solver, at, x, range, grid);
}

// log p(x; sigma_min) by the flow, with the model's own prior, less what the closed form says.
Tensor missed(const AnalyticDenoiser& denoiser, const Tensor& x, const FlowRange& range, const FlowSolver& solver) {
  const FlowResult result = flow(denoiser, x, range, solver);
  return result.integral.mean(1) + denoiser.log_density(result.x, range.sigma_max) -
         denoiser.log_density(x, range.sigma_min);
}

FlowSolver tight() {
  FlowSolver solver;
  solver.rtol = solver.atol = 1e-10;
  return solver;
}

std::unique_ptr<AnalyticDenoiser> two_modes() {
  const Tensor one = torch::ones({2, 1, 1}, torch::kFloat64);
  return make_mixture({torch::tensor({0.3, 0.7}, torch::kFloat64), torch::tensor({{1.0}, {-0.5}}, torch::kFloat64), one,
                       torch::tensor({{0.04}, {0.3}}, torch::kFloat64), torch::zeros({2}, torch::kFloat64),
                       torch::zeros({2}, torch::kInt64)},
                      {1});
}

// Every kind of reference with a density, fitted to 20 points of six numbers.
TEST(LikelihoodFlow, OfEveryAnalyticDenoiserIsItsDensity) {
  const auto data = std::make_shared<DataSource>(
      "points", (test::normals({20, 6}, 5) * torch::linspace(1.5, 0.1, 6, torch::kFloat64)).to(torch::kFloat32),
      Tensor(), 0);
  int64_t count = 0;
  for (const std::string kind : {"mean", "isotropic", "diagonal", "gaussian", "gaussian,rank=3", "mixture,components=3",
                                 "mixture,components=4,rank=2,tail=mean", "delta", "delta,epsilon=1e-12"}) {
    SCOPED_TRACE(kind);
    const auto opened = open_model(kind, {.data = data});
    const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(opened.get());
    ASSERT_NE(analytic, nullptr);
    const Tensor x = data->rows(0, 4).to(torch::kFloat64) + 0.05 * test::normals({4, 6}, 6);
    EXPECT_LE(missed(*analytic, x, {0.05, 80, 8}, tight()).abs().max().item<double>(), 1e-6);
    ++count;
  }
  EXPECT_EQ(count, 9);
}

TEST(LikelihoodFlow, OfOneDataPointAndOneDimension) {
  const auto one = make_delta(torch::tensor({{0.4}}, torch::kFloat64), {1});
  const Tensor x = torch::tensor({{0.4}, {0.41}, {0.397}}, torch::kFloat64);
  EXPECT_LE(missed(*one, x, {0.002, 80, 8}, tight()).abs().max().item<double>(), 1e-6);
  // A single state in a batch of its own.
  EXPECT_LE(missed(*one, x.narrow(0, 1, 1), {0.002, 80, 8}, tight()).abs().max().item<double>(), 1e-6);
}

TEST(LikelihoodFlow, GridsHaveTheirOrder) {
  const auto denoiser = two_modes();
  const Tensor x = torch::tensor({{0.9}, {0.2}, {-0.7}}, torch::kFloat64);
  for (const auto& [name, order, steps] :
       std::vector<std::tuple<std::string, double, int64_t>>{{"euler", 1, 1024}, {"heun", 2, 256}, {"rk4", 4, 128}}) {
    FlowSolver coarse;
    coarse.name = name;
    coarse.steps = steps;
    FlowSolver fine = coarse;
    fine.steps = 2 * steps;
    const FlowRange range{0.05, 20, 8};
    const Tensor before = missed(*denoiser, x, range, coarse).abs(), after = missed(*denoiser, x, range, fine).abs();
    EXPECT_NEAR((before / after).log2().mean().item<double>(), order, 0.25) << name;
    EXPECT_GT(after.min().item<double>(), 1e-12) << name << ": rounding would hide the order";
  }
}

TEST(LikelihoodFlow, TolerancesAreKept) {
  const auto denoiser = two_modes();
  const Tensor x = torch::tensor({{0.9}, {0.2}, {-0.7}}, torch::kFloat64);
  double before = 1;
  for (const double tolerance : {1e-3, 1e-5, 1e-7, 1e-9}) {
    FlowSolver solver;
    solver.rtol = solver.atol = tolerance;
    const double error = missed(*denoiser, x, {0.01, 50, 8}, solver).abs().max().item<double>();
    EXPECT_LE(error, 100 * tolerance);  // tens of steps, each within it
    EXPECT_LT(error, before);
    before = error;
  }
}

// A sample's steps are its own: what it is computed with changes nothing but rounding.
TEST(LikelihoodFlow, AdaptiveStepsAreEachSamplesOwn) {
  const auto denoiser = two_modes();
  const Tensor x = torch::tensor({{0.9}, {0.2}, {-0.7}, {30.0}}, torch::kFloat64);
  const FlowRange range{0.01, 50, 8};
  const FlowResult all = flow(*denoiser, x, range, FlowSolver{});
  for (int64_t i = 0; i < x.size(0); ++i) {
    const FlowResult one = flow(*denoiser, x.narrow(0, i, 1), range, FlowSolver{});
    EXPECT_LE(test::deviation(one.integral, all.integral.narrow(0, i, 1)), 1e-12);
    EXPECT_EQ(one.evaluations[0].item<int64_t>(), all.evaluations[i].item<int64_t>());
  }
  EXPECT_NE(all.evaluations[0].item<int64_t>(), all.evaluations[3].item<int64_t>());
}

TEST(LikelihoodFlow, GrowthAddsUpAndIsTheDivergence) {
  const auto denoiser = make_isotropic(torch::zeros({3}, torch::kFloat64), 0.25, {3});
  const Tensor x = test::normals({2, 3}, 1) / 2;
  const FlowRange range{0.01, 50, 16};
  for (const std::string name : {"dopri5", "rk4"}) {
    FlowSolver solver;
    solver.name = name;
    solver.steps = 200;
    solver.rtol = solver.atol = 1e-8;  // what lies inside a step is a cubic
    const FlowResult result = flow(*denoiser, x, range, solver);
    EXPECT_LE(test::deviation(result.growth.sum(1), result.integral.mean(1)), 1e-12);
    // Of a Gaussian: 3 / 2 [ln(sigma^2 + 1/4)] over every interval.
    const Tensor edges = torch::linspace(std::log(0.01), std::log(50.0), 17, torch::kFloat64).exp().square() + 0.25;
    const Tensor expected = 1.5 * edges.log().diff();
    EXPECT_LE((result.growth - expected).abs().max().item<double>(), 1e-3) << name;
  }
}

// A cubic is met exactly, in steps that do not end where the intervals do.
TEST(LikelihoodFlow, GrowthInsideAStepIsTheCubicOfItsEnds) {
  const auto value = [](double t) { return t * (2 + t * (3 - t)); };
  const auto slope = [](double t) { return 2 + t * (6 - 3 * t); };
  Growth growth({0, 0.3, 1.1, 2});
  for (const auto& [from, to] : std::vector<std::pair<double, double>>{{0, 0.7}, {0.7, 2}})
    growth.add({from, to, value(from), value(to), slope(from), slope(to)});
  const std::vector<double> grown = growth.intervals(value(2));
  EXPECT_NEAR(grown[0], value(0.3), 1e-14);
  EXPECT_NEAR(grown[1], value(1.1) - value(0.3), 1e-14);
  EXPECT_NEAR(grown[2], value(2) - value(1.1), 1e-14);
}

TEST(LikelihoodFlow, WhatTheTextMayBe) {
  EXPECT_EQ(parse_flow_solver("dopri5,rtol=1e-7").rtol, 1e-7);
  EXPECT_EQ(parse_flow_solver("rk4,steps=12").steps, 12);
  for (const auto& [text, fragment] :
       std::vector<std::pair<std::string, std::string>>{{"dopri", "did you mean 'dopri5'"},
                                                        {"heun,rtol=1", "rtol"},
                                                        {"rk4,steps=0", "steps"},
                                                        {"dopri5,rtol=0", "rtol"}}) {
    const auto error = test::error_of([&] { parse_flow_solver(text); });
    ASSERT_TRUE(error) << text;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
  DenoiserInfo table;
  table.name = "of a table";
  table.nearest_level = [](double sigma) { return sigma; };
  EXPECT_TRUE(test::error_of([&] { check_flow(parse_flow_solver("dopri5"), table); }));
  EXPECT_NO_THROW(check_flow(parse_flow_solver("heun"), table));
}

}  // namespace
}  // namespace farfield
