// The formulas of training against values computed independently.
#include <cmath>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "tests/support/test_support.h"
#include "train/adam.h"
#include "train/augment.h"
#include "train/draws.h"
#include "train/ema.h"
#include "train/learning_rate.h"
#include "train/loss.h"
#include "train/noise_distribution.h"
#include "train/nonfinite.h"

namespace farfield {
namespace {

torch::Tensor numbers(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

TEST(NoiseDistribution, LognormalQuantilesAreTheClosedForm) {
  const auto sigma = make_noise_distribution({})(numbers({0.5, 0.8413447460685429, 0.022750131948179195}));
  EXPECT_LT(test::deviation(sigma, numbers({std::exp(-1.2), 1.0, std::exp(-3.6)})), 1e-12);
  const auto extreme = make_noise_distribution({})(numbers({0x1p-53, 1 - 0x1p-53}));
  EXPECT_TRUE(torch::isfinite(extreme).all().item<bool>());
}

NoiseDistributionOptions noise(const std::string& name, double sigma_min, double sigma_max) {
  NoiseDistributionOptions options;
  options.name = name;
  options.sigma_min = sigma_min;
  options.sigma_max = sigma_max;
  return options;
}

// NVlabs EDM, training/loss.py: VPLoss with t = 1 + u (1e-5 - 1), VELoss; here u runs the other way round, to rise.
TEST(NoiseDistribution, VpAndVeAreThoseOfTheirLosses) {
  for (const double u : {0.01, 0.3, 0.7, 0.99}) {
    const double t = 1 + (1 - u) * (1e-5 - 1);
    const double vp = std::sqrt(std::exp(19.9 * t * t / 2 + 0.1 * t) - 1), ve = 0.02 * std::pow(100 / 0.02, u);
    EXPECT_LT(test::relative_deviation(make_noise_distribution({"vp"})(numbers({u})), numbers({vp})), 1e-11) << u;
    EXPECT_LT(test::relative_deviation(make_noise_distribution({"ve"})(numbers({u})), numbers({ve})), 1e-12) << u;
    const double log_uniform = std::exp(std::log(0.1) + u * std::log(50 / 0.1));
    EXPECT_LT(test::relative_deviation(make_noise_distribution(noise("loguniform", 0.1, 50))(numbers({u})),
                                       numbers({log_uniform})),
              1e-12)
        << u;
  }
}

TEST(NoiseDistribution, ACutLognormalIsTheDistributionGivenTheRange) {
  const double mean = -1.2, std = 1.2, low = 0.1, high = 2;
  const auto cdf = [&](double sigma) { return 0.5 * (1 + std::erf((std::log(sigma) - mean) / (std * std::sqrt(2)))); };
  for (const double sigma : {0.11, 0.3, 1.0, 1.9}) {
    const double u = (cdf(sigma) - cdf(low)) / (cdf(high) - cdf(low));
    EXPECT_LT(test::relative_deviation(make_noise_distribution(noise("lognormal", low, high))(numbers({u})),
                                       numbers({sigma})),
              1e-9);
  }
  // `range`: centre and quantiles of N(ln 2, (ln 8 / 6)^2) cut at three deviations.
  const auto fitted = make_noise_distribution(noise("range", std::sqrt(0.5), std::sqrt(32.0)));
  EXPECT_LT(test::relative_deviation(fitted(numbers({0.5})), numbers({2})), 1e-12);
  const double one_deviation = 0.8413447460685429, tail = 0.0013498980316300933;
  const double u = (one_deviation - tail) / (1 - 2 * tail);
  EXPECT_LT(test::relative_deviation(fitted(numbers({u})), numbers({2 * std::pow(8.0, 1.0 / 6)})), 1e-9);
}

TEST(NoiseDistribution, EveryOneRisesWithinItsEnds) {
  for (const auto& name : noise_distribution_names()) {
    const auto levels = make_noise_distribution(noise(name, 0.01, 20));
    const auto sigma = levels(numbers({0x1p-53, 0.001, 0.2, 0.5, 0.8, 0.999, 1 - 0x1p-53}));
    EXPECT_TRUE(sigma.diff().gt(0).all().item<bool>()) << name << sigma;
    EXPECT_TRUE(sigma.ge(levels.sigma_min).logical_and(sigma.le(levels.sigma_max)).all().item<bool>()) << name << sigma;
    EXPECT_TRUE(torch::isfinite(sigma).all().item<bool>()) << name;
  }
}

TEST(NoiseDistribution, StratifiedLevelsHaveOneInEachCell) {
  const auto u = uniform_draws(3, Purpose::kNoiseLevel, torch::arange(500, 756));
  const auto stratified = stratify(u, torch::arange(256), 256);
  EXPECT_TRUE(torch::equal(torch::floor(stratified * 256).to(torch::kInt64), torch::arange(256)));
  EXPECT_LT(test::deviation(stratified * 256 - torch::arange(256), u), 1e-12);
  EXPECT_LT(stratify(numbers({1 - 0x1p-53}), torch::tensor({255}), 256).item<double>(), 1);
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

TEST(NoiseDistribution, UniformInTimeIsUniformInTheVariance) {
  const auto u = numbers({0.01, 0.25, 0.81, 1 - 0x1p-53});
  EXPECT_LT(test::relative_deviation(make_noise_distribution(noise("t_uniform", 0, 0.2))(u), u.sqrt() * 0.2), 1e-15);
  const auto above = make_noise_distribution(noise("t_uniform", 0.1, 0.2))(u);
  EXPECT_LT(test::relative_deviation(above.square(), 0.01 + 0.03 * u), 1e-14);
}

// For data N(0, sigma_data^2) the best denoiser leaves sigma^2 sigma_data^2 / (sigma^2 + sigma_data^2) a value, so the
// weighted loss is 1 at every sigma.
TEST(Loss, EdmsWeightMakesTheGaussianOptimumOneEverywhere) {
  const auto sigma = numbers({0.002, 0.1, 0.5, 3, 80});
  const double variance = 0.63 * 0.63;
  const auto least = sigma.square() * variance / (sigma.square() + variance);
  EXPECT_LT(test::deviation(make_loss_weight("edm", 0.63)(sigma) * least, torch::ones_like(sigma)), 1e-12);
}

TEST(Loss, VpAndVeWeighByTheInverseVariance) {
  for (const char* name : {"vp", "ve"}) {
    EXPECT_LT(test::deviation(make_loss_weight(name, 0.5)(numbers({0.5, 4})), numbers({4, 0.0625})), 1e-15);
  }
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

TEST(LearningRate, DecaysBySquareRootOrCosine) {
  const LearningRateOptions root{0.01, 100, "inverse_sqrt", 1000}, cosine{0.01, 0, "cosine", 1000};
  EXPECT_DOUBLE_EQ(learning_rate(root, 50), 0.005);
  EXPECT_DOUBLE_EQ(learning_rate(root, 1000), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate(root, 4000), 0.005);
  EXPECT_DOUBLE_EQ(learning_rate(cosine, 0), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate(cosine, 500), 0.005);
  EXPECT_NEAR(learning_rate(cosine, 250), 0.005 * (1 + std::sqrt(0.5)), 1e-15);
  EXPECT_EQ(learning_rate(cosine, 2000), 0);
}

// The weights that the updates give to every step's parameters, against the closed form t^gamma between the steps.
TEST(Ema, PowerFunctionAveragesHaveTheirProfile) {
  for (const double sigma_rel : {0.02, 0.05, 0.1, 0.25}) {
    const double gamma = power_gamma(sigma_rel);
    EXPECT_NEAR(std::sqrt(gamma + 1) / ((gamma + 2) * std::sqrt(gamma + 3)), sigma_rel, 1e-12 * sigma_rel);
    constexpr int kSteps = 2000;
    double mean = 0, square = 0, all = 0;  // moments of time under the weights
    for (int step = 1; step <= kSteps; ++step) {
      const double beta = power_beta(gamma, 64 * (step - 1), 64);
      if (step == 1) {
        EXPECT_EQ(beta, 0);
      }
      mean = beta * mean + (1 - beta) * step;
      square = beta * square + (1 - beta) * step * step;
      all = beta * all + (1 - beta);
    }
    EXPECT_NEAR(all, 1, 1e-12);
    EXPECT_NEAR(std::sqrt(square - mean * mean) / kSteps, sigma_rel, 0.002);
    EXPECT_NEAR(mean / kSteps, (gamma + 1) / (gamma + 2), 0.002);
  }
}

TEST(Ema, HalvesTheOldWeightEveryHalfLifeAndCopiesFirst) {
  const EmaOptions options{.halflife_images = 1000, .ramp_ratio = 0.05};
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

// Large buffers go part by part through the cache: the bits of one call over the whole.
TEST(Adam, PartsAndAveragesHaveTheBitsOfTheWhole) {
  constexpr int64_t kSize = 3 * (1 << 16) + 4096 + 16;
  const auto draw = [](uint64_t key) { return torch::randn({kSize}, keyed_generator({key})); };
  auto parameters = draw(1), average = draw(2);
  const auto gradient = draw(3);
  AdamState state{draw(4), draw(5).square(), 6};
  auto whole = parameters.clone(), first = state.first.clone(), second = state.second.clone();
  const auto whole_average = average.clone();
  EXPECT_TRUE(adam_step(parameters, gradient, state, 0.01, {}));
  EXPECT_TRUE(update_ema(average, parameters, 0.9));
  at::_fused_adam_({whole}, {gradient}, {first}, {second}, {}, {torch::full({}, 7.0)}, 0.01, 0.9, 0.999, 0, 1e-8, false,
                   false);
  EXPECT_TRUE(torch::equal(parameters, whole));
  EXPECT_TRUE(torch::equal(state.first, first));
  EXPECT_TRUE(torch::equal(state.second, second));
  EXPECT_TRUE(torch::equal(average, torch::lerp(whole_average, whole, 1 - 0.9)));
}

TEST(Finite, OneBadValueAnywhereIsSeen) {
  for (const int64_t size : {1, 7, 16, 33, 70'000, 200'000}) {
    const auto good = torch::randn({size}, keyed_generator({9}));
    EXPECT_TRUE(all_finite(good));
    for (const double bad : {std::nan(""), static_cast<double>(INFINITY), -static_cast<double>(INFINITY)}) {
      for (const int64_t at : {int64_t{0}, size / 3, size / 2, size - 1}) {
        auto values = good.clone(), average = good.clone(), weights = good.clone();
        values[at] = bad;
        EXPECT_FALSE(all_finite(values)) << size << " " << at << " " << bad;
        EXPECT_FALSE(update_ema(average, values, 0.5)) << size << " " << at << " " << bad;
        AdamState state = make_adam_state(weights);
        EXPECT_FALSE(adam_step(weights, values, state, 0.1, {})) << size << " " << at << " " << bad;
      }
    }
  }
}

TEST(Adam, DecoupledDecayShrinksTheWeightsFirst) {
  AdamOptions options;
  options.name = "adamw";
  options.weight_decay = 0.1;
  auto decayed = torch::randn({100}), plain = decayed.clone();
  const auto before = decayed.to(torch::kFloat64), gradient = torch::randn({100});
  AdamState first = make_adam_state(decayed), second = make_adam_state(plain);
  adam_step(decayed, gradient, first, 0.01, options);
  adam_step(plain, gradient, second, 0.01, {});
  EXPECT_LT(test::deviation(decayed, plain.to(torch::kFloat64) - 0.01 * 0.1 * before), 1e-6);
}

TEST(Adam, ClipsTheNormAndLeavesSmallGradientsAlone) {
  auto gradient = torch::tensor({3.0f, 4.0f});
  EXPECT_TRUE(clip_gradient(gradient, 5));
  EXPECT_TRUE(clip_gradient(gradient, 0));
  EXPECT_TRUE(torch::equal(gradient, torch::tensor({3.0f, 4.0f})));
  EXPECT_TRUE(clip_gradient(gradient, 1));
  EXPECT_LT(test::deviation(gradient, numbers({0.6, 0.8})), 1e-6);
}

TEST(Adam, ClippingTellsAGradientThatIsNotFiniteFromOneWhoseSquaresOverflow) {
  auto huge = torch::tensor({3e20f, -4e20f});
  EXPECT_TRUE(clip_gradient(huge, 0));
  EXPECT_TRUE(clip_gradient(huge, 1));
  EXPECT_LT(test::deviation(huge, numbers({0.6, -0.8})), 1e-6);
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    auto gradient = torch::tensor({3.0f, bad, 4.0f});
    EXPECT_FALSE(clip_gradient(gradient, 0)) << bad;
    EXPECT_FALSE(clip_gradient(gradient, 1)) << bad;
    EXPECT_EQ(gradient[0].item<float>(), 3) << bad;
  }
}

TEST(Augment, FlipsHalfOfThePicturesAndAlwaysTheSame) {
  const auto pictures = torch::arange(400 * 6, torch::kFloat32).view({400, 1, 2, 3});
  const auto flipped = augment(pictures, torch::arange(400), 1, {true}).samples;
  int64_t count = 0;
  for (int64_t i = 0; i < 400; ++i) {
    const bool mirrored = torch::equal(flipped[i], pictures[i].flip(2));
    EXPECT_TRUE(mirrored || torch::equal(flipped[i], pictures[i]));
    count += mirrored;
  }
  EXPECT_NEAR(static_cast<double>(count), 200, 50);
  EXPECT_TRUE(torch::equal(augment(pictures.slice(0, 9, 20), torch::arange(9, 20), 1, {true}).samples,
                           flipped.slice(0, 9, 20)));
  EXPECT_TRUE(torch::equal(augment(pictures, torch::arange(400), 1, {}).samples, pictures));
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
      {[=] { EmaOptions{.halflife_images = -1, .ramp_ratio = 0.05}.validate(); }, "ema.halflife_images"},
      {[=] { EmaOptions{.halflife_images = 1, .ramp_ratio = nan}.validate(); }, "ema.ramp_ratio"},
      {[=] { NoiseDistributionOptions{"lognormal", nan, 1}.validate(); }, "loss.p_mean"},
      {[=] { NoiseDistributionOptions{"lognormal", 0, 0}.validate(); }, "loss.p_std"},
      {[=] { noise("lognormal", 2, 1).validate(); }, "loss.sigma_max"},
      {[=] { noise("lognormal", 1e6, 2e6).validate(); }, "loss.sigma_min"},
      {[=] { noise("range", 0, 1).validate(); }, "loss.sigma_min"},
      {[=] { noise("loguniform", 1, INFINITY).validate(); }, "loss.sigma_max"},
      {[=] { LearningRateOptions{1, 1, "cosine", 0}.validate(); }, "optimiser.decay_images"},
      {[=] { AdamOptions{0.9, 0.99, 1e-8, "adamw", -1}.validate(); }, "optimiser.weight_decay"},
      {[=] { AdamOptions{0.9, 0.99, 1e-8, "adam", 0, nan}.validate(); }, "optimiser.clip_norm"},
      {[=] { EmaOptions{1, 0.05, {0}, {}}.validate(); }, "ema.more_halflife_images"},
      {[=] { EmaOptions{1, 0.05, {5, 5}, {}}.validate(); }, "ema.more_halflife_images names a value twice"},
      {[=] { EmaOptions{1, 0.05, {}, {0.3}}.validate(); }, "ema.sigma_rel"},
      {[=] { AugmentOptions{false, 1.5}.validate(); }, "augment.probability"},
      {[=] { AugmentOptions{true, 0.1}.validate(); }, "augment.xflip"},
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
