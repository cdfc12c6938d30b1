// What the solvers that draw noise must have besides what every solver has (solver_sweep_test.cpp).
#include <algorithm>
#include <cmath>
#include <set>

#include "models/analytic/analytic.h"
#include "samplers/integrate.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/brownian.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

constexpr double kMean = 0.3, kVariance = 0.25;  // of toy_gaussian()

// Those that are stochastic as they stand, the variants of their options, and those that an eta makes so.
const std::vector<std::string>& stochastic_texts() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> list = {"dpm_fast,eta=1", "dpm_fast,eta=0.4", "dpmpp_2m_sde,type=heun", "dpmpp_sde,r=0.3"};
    for (const auto& name : solver_names()) {
      if (!make_solver(name)->stochastic()) continue;
      list.push_back(name);
      list.push_back(name + ",eta=0.5");
    }
    return list;
  }();
  return texts;
}

// The Brownian path of `count` unit normals, one for each elementary interval between the levels that a run asks for:
// row 2 + k of a batch sees a 1 in interval k and nothing elsewhere.
class UnitImpulses {
 public:
  UnitImpulses(const Solver& solver, const std::vector<double>& levels) {
    std::set<double> asked;
    const auto x = torch::zeros({1, 1}, torch::kFloat64);
    const auto denoise = test::toy_gaussian(kMean, kVariance);
    integrate(solver, denoise, x, levels, {.brownian = [&](double from, double to) {
      asked.insert({from, to});
      return x;
    }});
    ends_.assign(asked.begin(), asked.end());
  }
  int64_t count() const { return std::max<int64_t>(0, static_cast<int64_t>(ends_.size()) - 1); }
  torch::Tensor increment(double from, double to) const {
    auto z = torch::zeros({2 + count(), 1}, torch::kFloat64);
    for (int64_t k = 0; k < count(); ++k) {
      if (ends_[k] >= to && ends_[k + 1] <= from) z[2 + k] = -std::sqrt((ends_[k + 1] - ends_[k]) / (from - to));
    }
    return z;
  }

 private:
  std::vector<double> ends_;  // rising
};

struct Moments {
  double mean, variance;
};

// Exactly those of the last state on a Gaussian, where every method is affine in the start and in the noise: no
// sampling. The start has the marginal of the first level.
Moments moments_after(const Solver& solver, const std::vector<double>& levels) {
  const UnitImpulses impulses(solver, levels);
  auto x = torch::zeros({2 + impulses.count(), 1}, torch::kFloat64);
  x[1] = 1;
  const auto noise = [&](double from, double to) { return impulses.increment(from, to); };
  const auto end = integrate(solver, test::toy_gaussian(kMean, kVariance), x, levels, {.brownian = noise}).x;
  const double offset = end[0].item<double>(), slope = end[1].item<double>() - offset;
  double variance = slope * slope * (kVariance + levels[0] * levels[0]);
  for (int64_t k = 0; k < impulses.count(); ++k) variance += std::pow(end[2 + k].item<double>() - offset, 2);
  return {slope * kMean + offset, variance};
}

// Slope of the log error of mean and variance against the log step size.
double weak_order(const Solver& solver) {
  const auto error = [&](int64_t steps) {
    const auto levels = noise_levels({.steps = steps, .sigma_min = 0.1, .sigma_max = 10, .final = "sigma_min"});
    const Moments moments = moments_after(solver, levels);
    return std::abs(moments.variance - (kVariance + 0.01)) + std::abs(moments.mean - kMean);
  };
  return std::log2(error(120) / error(240));
}

TEST(StochasticSolvers, the_weak_order_on_a_gaussian_is_the_claimed_one) {
  const test::ThreadCount one(1);
  for (const auto& text : stochastic_texts()) {
    if (text.starts_with("dpm_fast")) continue;  // its levels and orders change with N in threes
    const auto solver = make_solver(text);
    const double order = weak_order(*solver);
    EXPECT_NEAR(order, solver->order(), 0.15) << text;
    std::cout << text << ": weak order " << order << ", claimed " << solver->order() << "\n";
  }
}

TEST(StochasticSolvers, moments_on_a_gaussian_converge_to_those_of_the_marginal) {
  const test::ThreadCount one(1);
  for (const auto& text : stochastic_texts()) {
    const auto levels = noise_levels({.steps = 399, .sigma_min = 0.1, .sigma_max = 10, .final = "sigma_min"});
    const Moments moments = moments_after(*make_solver(text), levels);
    EXPECT_NEAR(moments.mean, kMean, 5e-3) << text;
    EXPECT_NEAR(moments.variance, kVariance + 0.01, 6e-3) << text;
  }
}

// The same moments from samples, through sample() and the real path: it is the increments that the formulas want.
TEST(StochasticSolvers, samples_have_the_exact_moments_of_their_steps) {
  const test::ThreadCount one(1);
  constexpr int64_t kSeeds = 200, kDimensions = 100;
  const auto model = make_isotropic(torch::full({kDimensions}, kMean, torch::kFloat64), kVariance, {kDimensions});
  SampleRequest request{.levels = noise_levels({.steps = 6, .sigma_min = 0.05, .sigma_max = 20}), .batch = 200};
  for (int64_t i = 0; i < kSeeds; ++i) request.seeds.push_back(i);
  for (const char* text : {"euler_ancestral", "dpmpp_sde,r=0.3", "dpmpp_2m_sde", "dpmpp_3m_sde,eta=0.7"}) {
    const auto solver = make_solver(text);
    // Starts are pure noise: mean 0, variance sigma_0^2.
    Moments moments = moments_after(*solver, request.levels);
    auto x = torch::tensor({{0.0}, {1.0}}, torch::kFloat64);
    const auto ends = integrate(*solver, test::toy_gaussian(kMean, kVariance), x, request.levels,
                                {.brownian = [&](double, double) {
      return torch::zeros_like(x);
    }}).x;
    const double slope = ends[1].item<double>() - ends[0].item<double>();
    moments.mean -= slope * kMean;
    moments.variance -= slope * slope * kVariance;
    const auto samples = sample(*model, *solver, request).x;
    const double count = kSeeds * kDimensions, deviation = std::sqrt(moments.variance);
    EXPECT_NEAR(samples.mean().item<double>(), moments.mean, 5 * deviation / std::sqrt(count)) << text;
    EXPECT_NEAR(samples.var().item<double>(), moments.variance, 5 * moments.variance * std::sqrt(2 / count)) << text;
  }
}

TEST(StochasticSolvers, without_fresh_noise_they_are_the_deterministic_methods_bit_for_bit) {
  const auto denoise = test::toy_two_modes();
  const std::pair<const char*, const char*> pairs[] = {{"euler_ancestral,eta=0", "euler"},
                                                       {"dpm2_ancestral,eta=0", "dpm2"},
                                                       {"dpmpp_2s_ancestral,eta=0", "dpmpp_2s"},
                                                       {"dpmpp_sde,eta=0", "dpmpp_2s"},
                                                       {"dpmpp_2m_sde,eta=0", "dpmpp_2m,lower_order_final=no"},
                                                       {"dpm_fast,eta=0", "dpm_fast"}};
  for (const auto& [text, deterministic] : pairs) {
    const auto solver = make_solver(text);
    EXPECT_FALSE(solver->stochastic()) << text;
    for (const char* final : {"zero", "sigma_min"}) {
      for (const int64_t steps : {1, 2, 3, 7, 18}) {
        const auto levels = noise_levels({.steps = steps, .final = final});
        const auto x = torch::linspace(-1.7, 2.1, 12, torch::kFloat64).view({4, 3}) * levels.front();
        const auto result = integrate(*solver, denoise, x, levels);
        const auto expected = integrate(*make_solver(deterministic), denoise, x, levels);
        EXPECT_TRUE(torch::equal(result.x, expected.x)) << text << " " << steps << " " << final;
        EXPECT_EQ(result.nfe, expected.nfe) << text;
      }
    }
  }
}

TEST(StochasticSolvers, a_little_fresh_noise_changes_a_little) {
  const auto denoise = test::toy_two_modes();
  const auto levels = noise_levels({.steps = 9});
  const auto x = torch::linspace(-1.7, 2.1, 12, torch::kFloat64).view({4, 3}) * levels.front();
  BrownianPath path(std::vector<int64_t>{1, 2, 3, 4}, {3});
  const IntegrateOptions options{.brownian = [&](double from, double to) { return path.increment(from, to); }};
  for (const auto& name : solver_names()) {
    if (!make_solver(name)->stochastic()) continue;
    const auto without = integrate(*make_solver(name + ",eta=0"), denoise, x, levels).x;
    const auto little = integrate(*make_solver(name + ",eta=1e-12"), denoise, x, levels, options).x;
    EXPECT_LE(test::deviation(little, without), 1e-4) << name << ": noise grows as the root of eta at most";
    EXPECT_GT(test::deviation(little, without), 0) << name;
    const auto twice = integrate(*make_solver(name + ",s_noise=2"), denoise, x, levels, options).x;
    EXPECT_GT(test::deviation(twice, integrate(*make_solver(name), denoise, x, levels, options).x), 1e-3) << name;
  }
}

TEST(StochasticSolvers, finite_with_real_noise_for_every_step_count_and_end) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  const auto latents = torch::linspace(-1.7, 2.1, 6, torch::kFloat64).view({2, 3});
  auto texts = stochastic_texts();
  texts.push_back("dpm_adaptive,eta=0.5");
  for (const auto& text : texts) {
    const auto solver = make_solver(text);
    BrownianPath path(std::vector<int64_t>{5, 6}, {3});
    const IntegrateOptions options{.brownian = [&](double from, double to) { return path.increment(from, to); }};
    for (const char* final : {"zero", "sigma_min"}) {
      for (const double sigma_min : {0.002, 1e-8}) {
        for (int64_t steps = 1; steps <= 40; steps += steps < 6 || sigma_min == 0.002 ? 1 : 7) {
          if (solver->adaptive() && steps > 2) continue;  // it uses the ends alone
          const auto levels = noise_levels({.steps = steps, .sigma_min = sigma_min, .final = final});
          const auto x = integrate(*solver, denoise, latents * levels.front(), levels, options).x;
          ASSERT_TRUE(x.isfinite().all().item<bool>() && x.abs().max().item<double>() < 1e3)
              << text << " steps " << steps << " final " << final << " sigma_min " << sigma_min;
        }
      }
    }
  }
}

// Runs of one seed with more and more steps see one path, and so they converge to one sample.
TEST(StochasticSolvers, a_seed_keeps_its_sample_when_the_steps_are_refined) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < 40; ++i) seeds.push_back(i);
  const auto end = [&](const std::string& text, int64_t steps, int64_t shift) {
    auto shifted = seeds;
    for (auto& seed : shifted) seed += shift;
    BrownianPath path(shifted, {2});
    const auto levels = noise_levels({.steps = steps, .sigma_min = 0.05, .sigma_max = 20, .final = "sigma_min"});
    const auto x = torch::linspace(-2, 2, 80, torch::kFloat64).view({40, 2}) * levels.front();
    const IntegrateOptions options{.brownian = [&](double from, double to) { return path.increment(from, to); }};
    return integrate(*make_solver(text), denoise, x, levels, options).x;
  };
  const auto distance = [](const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().mean().item<double>();
  };
  for (const std::string text : {"euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"}) {
    const auto fine = end(text, 256, 0);
    EXPECT_LT(distance(end(text, 128, 0), fine), 0.25 * distance(end(text, 256, 1000), fine)) << text;
  }
}

// The latents, classes and churn noise of a seed are those it has with a deterministic solver.
TEST(StochasticSolvers, the_path_does_not_shift_what_a_seed_draws) {
  const auto model = make_isotropic(torch::zeros({3}, torch::kFloat64), 1, {3});
  SampleRequest request{.seeds = {3, 4, 5}, .levels = {80, 10, 1, 0}, .trajectory = true};
  request.churn = {.s_churn = 1};
  const auto plain = sample(*model, *make_solver("euler"), request);
  const auto noisy = sample(*model, *make_solver("euler_ancestral,eta=1e-12"), request);
  EXPECT_TRUE(torch::equal(plain.trajectory[0], noisy.trajectory[0]));
  EXPECT_LE(test::deviation(noisy.x, plain.x), 1e-8) << "the churn drew the same noise";
}

}  // namespace
}  // namespace farfield
