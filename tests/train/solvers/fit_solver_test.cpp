// Fitting solvers: gradients through the run, what is kept, and that nothing gets worse.
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"
#include "tests/support/test_support.h"
#include "train/solvers/fit_solver.h"
#include "train/solvers/table_family.h"

namespace farfield {
namespace {

using torch::Tensor;

// D of two normals around +-1.2 in every coordinate, by torch's own operators; counts its evaluations.
class TwoModes final : public Denoiser {
 public:
  TwoModes() {
    info_.name = "two modes";
    info_.sample_shape = {2};
    info_.sigma_min = 0.002;
    info_.sigma_max = 80;
  }
  const DenoiserInfo& info() const override { return info_; }
  mutable int64_t calls = 0, graphs = 0;

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    ++calls;
    graphs += torch::GradMode::is_enabled() ? 1 : 0;
    const Tensor square = sigma.square().unsqueeze(1), total = square + 0.09;
    return (0.09 * x + square * 1.2 * torch::tanh(1.2 * x / total)) / total;
  }
  DenoiserInfo info_;
};

// The same without a gradient.
class Opaque final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return inner_.info(); }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    const torch::NoGradGuard none;
    return inner_(x.detach(), sigma.detach(), labels);
  }
  TwoModes inner_;
};

std::vector<double> karras(int64_t steps) {
  std::vector<double> levels;
  for (int64_t i = 0; i <= steps; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(steps);
    levels.push_back(std::pow(std::pow(80, 1 / 7.) + part * (std::pow(0.002, 1 / 7.) - std::pow(80, 1 / 7.)), 7));
  }
  levels.front() = 80;
  levels.back() = 0.002;
  return levels;
}

TeacherEnds ends_of(const Denoiser& model, int64_t first, int64_t count) {
  SampleRequest request;
  for (int64_t i = 0; i < count; ++i) request.seeds.push_back(first + i);
  request.levels = karras(60);
  const Samples samples = sample(model, *make_solver("heun"), request);
  return {request.seeds, samples.classes, samples.x};
}

FitSettings settings_of(const std::string& method, int64_t iterations) {
  FitSettings settings;
  settings.method = method;
  settings.iterations = iterations;
  return settings;
}

double rms(const Tensor& squares) { return std::sqrt(squares.mean().item<double>()); }

FitRecord fit(const FitSettings& settings, int64_t steps, const Denoiser& model = TwoModes()) {
  const TwoModes teacher;
  return fit_solver(model, settings, karras(steps), ends_of(teacher, 0, 32), ends_of(teacher, 100, 32), torch::kCPU);
}

TEST(FitSolver, EveryMethodComesNearerOnHeldOutSeeds) {
  for (const auto& [method, steps] : std::map<std::string, int64_t>{{"epd", 2}, {"amed", 3}, {"ld3", 6}, {"s4s", 6}}) {
    const FitRecord record = fit(settings_of(method, 80), steps);
    EXPECT_EQ(record.nfe, 6) << method;
    EXPECT_TRUE(record.improved) << method;
    EXPECT_LT(rms(record.fitted_squares), 0.8 * rms(record.start_squares)) << method;
    const auto again = table_squares(TwoModes(), record.fitted, ends_of(TwoModes(), 100, 32), 5, torch::kCPU);
    EXPECT_LT((again - record.fitted_squares).abs().max().item<double>(), 1e-12) << method;
  }
}

TEST(FitSolver, PlugInsAndBasesAreAllLearned) {
  for (const char* plugin : {"dpm", "euler", "ipndm", "dpmpp"}) {
    FitSettings settings = settings_of("amed", 60);
    settings.solver = plugin;
    settings.time = 0.2;
    const FitRecord record = fit(settings, 3);
    EXPECT_LT(rms(record.fitted_squares), rms(record.start_squares)) << plugin;
  }
  for (const char* base : {"ipndm1", "dpmpp_2m"}) {
    FitSettings settings = settings_of("ld3", 60);
    settings.solver = base;
    EXPECT_LT(rms(fit(settings, 6).fitted_squares), rms(fit(settings, 6).start_squares)) << base;
  }
}

TEST(FitSolver, ParametersAreAsManyAsPublished) {
  FitSettings settings = settings_of("epd", 1);
  EXPECT_EQ(table_family(settings.resolved(), karras(3)).parameters(), 24);  // EPD with N = 4, K = 2
  settings.points = 3;
  EXPECT_EQ(table_family(settings.resolved(), karras(4)).parameters(), 48);
  EXPECT_EQ(table_family(settings_of("ld3", 1).resolved(), karras(6)).parameters(), 14);
}

TEST(FitSolver, AStartThatIsNotImprovedIsKept) {
  FitSettings settings = settings_of("s4s", 1);
  settings.rate = 10;  // throws everything away
  const FitRecord record = fit(settings, 6);
  EXPECT_FALSE(record.improved);
  EXPECT_TRUE(record.fitted_squares.equal(record.start_squares));
  EXPECT_EQ(record.fitted.levels, record.start.levels);
  EXPECT_GT(record.rows.back().held_out, record.rows.front().held_out);
}

// Central differences of the loss in every parameter.
TEST(FitSolver, GradientsGoThroughTheWholeRun) {
  const TwoModes model;
  const torch::Tensor x = torch::tensor({{30.0, -50.0}, {90.0, 10.0}}, torch::kFloat64);
  for (const char* method : {"epd", "amed", "ld3", "s4s"}) {
    FitSettings settings = settings_of(method, 1).resolved();
    settings.time = settings.direction = settings.method == "epd" || settings.method == "amed" ? 0.1 : 0;
    const TableFamily family = table_family(settings, karras(3));
    const auto loss = [&](const std::vector<Tensor>& groups) {
      return run_table(family.table(groups), checkpointed(model, {}), x).square().sum();
    };
    std::vector<Tensor> groups;
    for (const Tensor& group : family.start) {
      const Tensor away = 0.1 * torch::cos(torch::arange(group.numel(), torch::kFloat64));
      groups.push_back((group.to(torch::kFloat64) + away).requires_grad_(true));
    }
    const auto gradients = torch::autograd::grad({loss(groups)}, groups, {}, std::nullopt, false, true);
    const torch::NoGradGuard none;
    for (size_t g = 0; g < groups.size(); ++g) {
      for (int64_t i = 0; i < groups[g].numel(); ++i) {
        constexpr double kStep = 1e-5;
        auto up = groups, down = groups;
        up[g] = groups[g].detach().clone();
        down[g] = groups[g].detach().clone();
        up[g][i] += kStep;
        down[g][i] -= kStep;
        const double expected = (loss(up) - loss(down)).item<double>() / (2 * kStep);
        const double got = gradients[g].defined() ? gradients[g][i].item<double>() : 0;
        EXPECT_NEAR(got, expected, 1e-6 * std::max(1.0, std::abs(expected))) << method << " " << g << " " << i;
      }
    }
  }
}

// On the way there no evaluation keeps its activations; each is made once more on the way back.
TEST(FitSolver, EvaluationsAreMadeAgainOnTheWayBack) {
  const TwoModes model;
  const TableFamily family = table_family(settings_of("epd", 1).resolved(), karras(2));
  const Tensor leaf = family.start[0].clone().requires_grad_(true);
  const Tensor end = run_table(family.table({leaf}), checkpointed(model, {}),
                               torch::ones({1, 2}, torch::kFloat64) * 80);
  EXPECT_EQ(model.calls, 6);
  EXPECT_EQ(model.graphs, 0);
  end.sum().backward();
  EXPECT_EQ(model.calls, 12 - 1);  // the first level and state are no parameters: nothing leads back to it
  EXPECT_EQ(model.graphs, 5);
}

TEST(FitSolver, WhatCannotBeFittedIsSaidInALine) {
  const auto opaque = test::error_of([] { fit(settings_of("epd", 1), 2, Opaque()); });
  EXPECT_NE(std::string(opaque->what()).find("has no gradient"), std::string::npos) << opaque->what();
  const TwoModes model;
  const auto mixed = test::error_of([&] {
    fit_solver(model, settings_of("epd", 1), karras(2), ends_of(model, 0, 4), ends_of(model, 3, 4), torch::kCPU);
  });
  EXPECT_NE(std::string(mixed->what()).find("seed 3"), std::string::npos) << mixed->what();
  auto to_zero = karras(3);
  to_zero.back() = 0;
  for (const char* method : {"epd", "amed"}) {
    const auto refused = test::error_of([&] { table_family(settings_of(method, 1).resolved(), to_zero); });
    EXPECT_NE(std::string(refused->what()).find("--final sigma_min"), std::string::npos) << refused->what();
  }
  EXPECT_EQ(table_family(settings_of("ld3", 1).resolved(), to_zero).parameters(), 6);
  EXPECT_EQ(test::error_of([] { table_family(settings_of("ld3", 1).resolved(), karras(1)); })->code(),
            ExitCode::kUsage);
  FitSettings settings = settings_of("ld3", 1);
  settings.direction = 0.1;
  EXPECT_EQ(test::error_of([&] { settings.resolved(); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([] { settings_of("edp", 1).resolved(); })->code(), ExitCode::kUsage);
  const auto odd = test::error_of([] { steps_of_fit(settings_of("epd", 1), 7); });
  EXPECT_NE(std::string(odd->what()).find("ask for 6 or 9"), std::string::npos) << odd->what();
}

}  // namespace
}  // namespace farfield
