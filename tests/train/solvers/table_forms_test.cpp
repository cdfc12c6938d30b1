// Tables as functions of what is learned, against the solvers that they are special cases of.
#include <cmath>

#include <gtest/gtest.h>

#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"
#include "tests/support/test_support.h"
#include "train/solvers/table_forms.h"

namespace farfield {
namespace {

using torch::Tensor;

const std::vector<double> kSteps = {80, 12.5, 3, 0.7, 0.1, 0.002};

Tensor curved(const Tensor& x, double sigma) { return torch::tanh(x / (1 + sigma)) + 0.1 * x / (1 + sigma * sigma); }

Tensor row(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

Tensor end_of(const Solver& solver, const std::vector<double>& levels) {
  const Tensor x = torch::linspace(-1.5, 1, 12, torch::kFloat64).reshape({3, 4}) * levels.front();
  return integrate(solver, curved, x, levels).x;
}

void expect_same_end(const TensorTable& table, const std::string& solver, const std::vector<double>& levels) {
  const SolverTable values = values_of(table);
  const Tensor got = end_of(*make_table_solver(values, "table"), values.levels);
  EXPECT_LT((got - end_of(*make_solver(solver), levels)).abs().max().item<double>(), 1e-10) << solver;
}

TEST(TableForms, MultistepsAreTheSolversOfTheRegistry) {
  for (const std::string& solver : table_multisteps()) {
    for (const double last : {0.002, 0.0}) {
      auto levels = kSteps;
      levels.back() = last;
      const Tensor all = row(levels);
      const std::string same = solver == "dpmpp_2m" ? "dpmpp_2m,lower_order_final=no" : solver;
      expect_same_end(multistep_table(solver, all, all.slice(0, 0, -1), false), same, levels);
    }
  }
}

// Plug-ins with nothing learned are the method itself over levels with the midpoints between.
TEST(TableForms, PlugInsWithoutScalesAreTheirMethods) {
  const Tensor levels = row(kSteps), ones = torch::ones({5}, torch::kFloat64);
  const AmedNumbers middle{ones / 2, ones, ones};
  std::vector<double> between;
  for (size_t i = 0; i + 1 < kSteps.size(); ++i) {
    between.push_back(kSteps[i]);
    between.push_back(std::sqrt(kSteps[i] * kSteps[i + 1]));
  }
  between.push_back(kSteps.back());
  expect_same_end(amed_table("ipndm", levels, false, middle), "ipndm4", between);
  expect_same_end(amed_table("dpmpp", levels, false, middle), "dpmpp_2m,lower_order_final=no", between);
  expect_same_end(amed_table("euler", levels, false, middle), "euler", between);
  expect_same_end(amed_table("dpm", levels, false, middle), "dpm2", kSteps);
}

TEST(TableForms, LevelsFollowTheirIncrements) {
  const Tensor levels = row(kSteps);
  const Tensor back = levels_of_increments(increments_of_levels(levels), 80, 0.002);
  EXPECT_LT(((back - levels) / levels).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(back[0].item<double>(), 80);
  EXPECT_EQ(back[-1].item<double>(), 0.002);
  const Tensor far = shifted_levels(levels, torch::full({6}, 100.0, torch::kFloat64));
  const double gap = std::exp(-0.5 * (-torch::log(levels)).diff().min().item<double>());
  EXPECT_EQ(far[0].item<double>(), 80);
  EXPECT_EQ(far[-1].item<double>(), 0.002);
  EXPECT_NEAR((far[2] / levels[2]).item<double>(), gap, 1e-12);
}

TEST(TableForms, WhatIsNotKnownIsRefused) {
  const Tensor levels = row(kSteps), ones = torch::ones({5}, torch::kFloat64);
  const auto plugin = test::error_of([&] { amed_table("ipndn", levels, false, {ones, ones, ones}); });
  EXPECT_NE(std::string(plugin->what()).find("ipndm"), std::string::npos);
  const auto solver = test::error_of([&] { multistep_order("heun"); });
  EXPECT_EQ(solver->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
