// The formulas of training against values computed independently.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "train/adam.h"
#include "train/augment.h"
#include "train/draws.h"
#include "train/ema.h"
#include "train/learning_rate.h"
#include "train/loss.h"
#include "train/noise_distribution.h"

namespace farfield {
namespace {

torch::Tensor numbers(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

TEST(NoiseDistribution, LognormalQuantilesAreTheClosedForm) {
  const auto sigma = make_noise_distribution({})(numbers({0.5, 0.8413447460685429, 0.022750131948179195}));
  EXPECT_LT(test::deviation(sigma, numbers({std::exp(-1.2), 1.0, std::exp(-3.6)})), 1e-12);
  const auto extreme = make_noise_distribution({})(numbers({0x1p-53, 1 - 0x1p-53}));
  EXPECT_TRUE(torch::isfinite(extreme).all().item<bool>());
}

TEST(Draws, DependOnSeedPurposeAndPositionAlone) {
  const auto all = torch::arange(100);
  const auto part = torch::tensor(std::vector<int64_t>{97, 3});
  const auto uniform = uniform_draws(7, Purpose::kNoiseLevel, all);
  const auto normal = normal_draws(7, Purpose::kNoise, all, {1, 5, 5});
  EXPECT_TRUE(torch::equal(uniform_draws(7, Purpose::kNoiseLevel, part), uniform.index_select(0, part)));
  EXPECT_TRUE(torch::equal(normal_draws(7, Purpose::kNoise, part, {1, 5, 5}), normal.index_select(0, part)));
  EXPECT_FALSE(torch::equal(uniform_draws(8, Purpose::kNoiseLevel, all), uniform));
  EXPECT_FALSE(torch::equal(uniform_draws(7, Purpose::kFlip, all), uniform));
  EXPECT_EQ(std::get<0>(at::_unique(uniform)).size(0), 100);
}

TEST(Draws, HaveTheMomentsOfTheirLaw) {
  const auto uniform = uniform_draws(0, Purpose::kFlip, torch::arange(20000));
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.01);
  EXPECT_NEAR(uniform.var().item<double>(), 1.0 / 12, 0.003);
  const auto normal = normal_draws(0, Purpose::kNoise, torch::arange(2000), {4, 4}).to(torch::kFloat64);
  EXPECT_NEAR(normal.mean().item<double>(), 0, 0.02);
  EXPECT_NEAR(normal.var().item<double>(), 1, 0.03);
}

// For data N(0, sigma_data^2) the best denoiser leaves sigma^2 sigma_data^2 / (sigma^2 + sigma_data^2) a value, so the
// weighted loss is 1 at every sigma.
TEST(Loss, EdmsWeightMakesTheGaussianOptimumOneEverywhere) {
  const auto sigma = numbers({0.002, 0.1, 0.5, 3, 80});
  const double variance = 0.63 * 0.63;
  const auto least = sigma.square() * variance / (sigma.square() + variance);
  EXPECT_LT(test::deviation(make_loss_weight("edm", 0.63)(sigma) * least, torch::ones_like(sigma)), 1e-12);
}

TEST(Loss, IsTheWeightedSumOverTheValuesOfASample) {
  const auto clean = torch::zeros({2, 1, 2, 2}), denoised = torch::full({2, 1, 2, 2}, 3.0).requires_grad_();
  const auto loss = weighted_error(denoised, clean, numbers({1, 10}));
  EXPECT_LT(test::deviation(loss.detach(), numbers({36, 360})), 1e-6);
  loss.sum().backward();
  EXPECT_LT(test::deviation(denoised.grad()[1], torch::full({1, 2, 2}, 60.0)), 1e-6);
}

TEST(LearningRate, RisesLinearlyFromZeroAndStays) {
  const LearningRateOptions options{0.01, 1000};
  EXPECT_EQ(learning_rate(options, 0), 0);
  EXPECT_DOUBLE_EQ(learning_rate(options, 250), 0.0025);
  EXPECT_DOUBLE_EQ(learning_rate(options, 5000), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate({0.01, 0}, 0), 0.01);
}

TEST(Ema, HalvesTheOldWeightEveryHalfLifeAndCopiesFirst) {
  const EmaOptions options{1000, 0.05};
  EXPECT_EQ(ema_beta(options, 0, 64), 0);
  EXPECT_DOUBLE_EQ(ema_beta(options, 1'000'000, 1000), 0.5);
  EXPECT_DOUBLE_EQ(ema_beta(options, 10'000, 500), 0.5);  // the ramp: half-life 0.05 * 10,000
  EXPECT_DOUBLE_EQ(ema_beta({1000, 0}, 0, 1000), 0.5);
  auto average = torch::tensor({4.0f, 8.0f});
  update_ema(average, torch::tensor({0.0f, 4.0f}), 0.75);
  EXPECT_LT(test::deviation(average, numbers({3, 7})), 1e-7);
}

TEST(Adam, FollowsTheAlgorithmInDoublePrecision) {
  const AdamOptions options;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(3);
  auto parameters = torch::randn({1000}, generator);
  auto p = parameters.to(torch::kFloat64), m = torch::zeros_like(p), v = torch::zeros_like(p);
  AdamState state = make_adam_state(parameters);
  for (int step = 1; step <= 50; ++step) {
    const auto gradient = torch::randn({1000}, generator) * std::pow(10.0, step % 5 - 3);
    const double rate = 0.01 * std::min(step / 10.0, 1.0);
    adam_step(parameters, gradient, state, rate, options);
    const auto g = gradient.to(torch::kFloat64);
    m = m * 0.9 + g * 0.1;
    v = v * 0.999 + g.square() * 0.001;
    p = p - rate * (m / (1 - std::pow(0.9, step))) / ((v / (1 - std::pow(0.999, step))).sqrt() + 1e-8);
  }
  EXPECT_EQ(state.steps, 50);
  EXPECT_LT(test::deviation(parameters, p), 2e-6);
}

TEST(Augment, FlipsHalfOfThePicturesAndAlwaysTheSame) {
  const auto pictures = torch::arange(400 * 6, torch::kFloat32).view({400, 1, 2, 3});
  const auto flipped = augment(pictures, torch::arange(400), 1, {true});
  int64_t count = 0;
  for (int64_t i = 0; i < 400; ++i) {
    const bool mirrored = torch::equal(flipped[i], pictures[i].flip(2));
    EXPECT_TRUE(mirrored || torch::equal(flipped[i], pictures[i]));
    count += mirrored;
  }
  EXPECT_NEAR(static_cast<double>(count), 200, 50);
  EXPECT_TRUE(torch::equal(augment(pictures.slice(0, 9, 20), torch::arange(9, 20), 1, {true}), flipped.slice(0, 9, 20)));
  EXPECT_TRUE(torch::equal(augment(pictures, torch::arange(400), 1, {}), pictures));
}

TEST(TrainOptions, ValuesOutOfRangeAreNamed) {
  struct Row {
    std::function<void()> validate;
    std::string field;
  };
  const double nan = std::nan("");
  const std::vector<Row> rows = {
      {[=] { AdamOptions{1.0, 0.999, 1e-8}.validate(); }, "optimiser.beta1"},
      {[=] { AdamOptions{0.9, -0.1, 1e-8}.validate(); }, "optimiser.beta2"},
      {[=] { AdamOptions{0.9, 0.999, nan}.validate(); }, "optimiser.epsilon"},
      {[=] { LearningRateOptions{0, 1}.validate(); }, "optimiser.learning_rate"},
      {[=] { LearningRateOptions{1, -1}.validate(); }, "optimiser.rampup_images"},
      {[=] { EmaOptions{-1, 0.05}.validate(); }, "ema.halflife_images"},
      {[=] { EmaOptions{1, nan}.validate(); }, "ema.ramp_ratio"},
      {[=] { NoiseDistributionOptions{"lognormal", nan, 1}.validate(); }, "loss.p_mean"},
      {[=] { NoiseDistributionOptions{"lognormal", 0, 0}.validate(); }, "loss.p_std"},
      {[=] { NoiseDistributionOptions{"lognromal", 0, 1}.validate(); }, "did you mean 'lognormal'"},
  };
  for (const auto& row : rows) {
    const auto error = test::error_of(row.validate);
    ASSERT_TRUE(error) << row.field;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(row.field), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield
