#include "samplers/teleport_auto.h"

#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "samplers/schedules/noise_levels.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

GaussianStats isotropic(int64_t dimensions, double variance) {
  return {.mean = torch::full({dimensions}, 0.2, torch::kFloat64),
          .basis = torch::eye(dimensions, torch::kFloat64),
          .eigenvalues = torch::full({dimensions}, variance, torch::kFloat64)};
}

TEST(GaussianDraw, has_the_mean_and_the_covariance_with_a_tail_too) {
  const auto basis = torch::tensor({{0.6}, {0.8}, {0.0}}, torch::kFloat64);
  const GaussianStats stats{.mean = torch::tensor({1.0, -1.0, 0.5}, torch::kFloat64),
                            .basis = basis,
                            .eigenvalues = torch::tensor({2.0}, torch::kFloat64),
                            .tail = 0.25};
  const auto y = gaussian_draw(stats, SampleRandom(3).normal({100'000, 3}, torch::kFloat64));
  const auto covariance = basis.matmul(basis.t()) * 1.75 + 0.25 * torch::eye(3, torch::kFloat64);
  const auto centred = y - stats.mean;
  EXPECT_LE((y.mean(0) - stats.mean).abs().max().item<double>(), 0.02);
  EXPECT_LE((centred.t().matmul(centred) / 100'000 - covariance).abs().max().item<double>(), 0.03);
  EXPECT_TRUE(test::error_of([&] { gaussian_draw(stats, torch::ones({2, 4})); }));
}

// Two isotropic Gaussians of one mean: with the gains a = v / (v + sigma^2) and b = u / (u + sigma^2) the part is
// 1 - (a - b)^2 / (1 - a)^2 for any probe.
TEST(TeleportAuto, measures_the_closed_form_and_stops_below_the_threshold) {
  const test::ThreadCount one(1);
  const auto model = make_isotropic(torch::full({5}, 0.2, torch::kFloat64), 0.5, {5});
  const auto levels = noise_levels({.steps = 30});
  const TeleportSearch search{.threshold = 0.9, .probes = 20, .batch = 7};
  const auto measured = measure_explained(*model, isotropic(5, 0.3), levels, search);
  size_t expected = 0;
  for (size_t i = 0; i < measured.sigmas.size(); ++i) {
    const double square = levels[i] * levels[i], a = 0.5 / (0.5 + square), b = 0.3 / (0.3 + square);
    EXPECT_EQ(measured.sigmas[i], levels[i]);
    EXPECT_NEAR(measured.explained[i], 1 - (a - b) * (a - b) / ((1 - a) * (1 - a)), 1e-10) << levels[i];
    if (measured.explained[i] >= 0.9) expected = i;
  }
  ASSERT_GT(expected, 3u);
  EXPECT_EQ(measured.sigmas.size(), expected + 2) << "stops at the first level below the threshold";
  EXPECT_EQ(measured.evaluations, static_cast<int64_t>(measured.sigmas.size()));
  EXPECT_EQ(lowest_explained(measured, 0.9), levels[expected]);
}

TEST(TeleportAuto, a_model_that_is_the_gaussian_is_explained_down_to_the_last_level_of_a_start) {
  const auto stats = isotropic(3, 0.25);
  const auto model = make_gaussian(stats, {3});
  const auto to_zero = measure_explained(*model, stats, {80, 3, 0.1, 0}, {});
  EXPECT_EQ(lowest_explained(to_zero, 0.99), 0.1);
  EXPECT_NEAR(to_zero.explained.back(), 1, 1e-12);
  EXPECT_EQ(lowest_explained(measure_explained(*model, stats, {80, 3, 0.1}, {}), 0.99), 3) << "above the last level";
}

TEST(TeleportAuto, this_and_every_higher_level) {
  const ExplainedLevels dip{.sigmas = {80, 10, 5, 1}, .explained = {0.999, 0.98, 0.999, 0.5}};
  EXPECT_EQ(lowest_explained(dip, 0.99), 80);
  EXPECT_EQ(lowest_explained(dip, 0.9), 5);
  const auto error = test::error_of([&] { lowest_explained(dip, 0.9995); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("0.9990 of the model's score"), std::string::npos) << error->what();
}

// Takes four classes; class k is N(k, 0.25).
class FourClasses final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    const auto mean = labels.to(torch::kFloat64).matmul(torch::arange(4, torch::kFloat64)).view({-1, 1});
    const auto variance = (sigma * sigma).view({-1, 1});
    return (mean * variance + 0.25 * x) / (variance + 0.25);
  }
  DenoiserInfo info_{.name = "labelled", .sample_shape = {2}, .label_dim = 4};
};

TEST(TeleportAuto, probes_have_the_class_asked_for_or_one_of_their_own_in_any_batch) {
  GaussianStats third = isotropic(2, 0.25);
  third.mean.fill_(3);
  const auto explained = [&](std::optional<int64_t> label, int64_t batch) {
    return measure_explained(FourClasses(), third, {2, 1, 0}, {.threshold = 0.1, .batch = batch, .label = label})
        .explained[0];
  };
  EXPECT_NEAR(explained(3, 64), 1, 1e-12);
  EXPECT_LT(explained({}, 64), 0.95);
  EXPECT_NEAR(explained({}, 5), explained({}, 128), 1e-12);
}

TEST(TeleportAuto, options_out_of_range_and_another_size_are_usage_errors) {
  const auto model = make_gaussian(isotropic(3, 1), {3});
  for (const TeleportSearch& bad : {TeleportSearch{.threshold = 1}, {.threshold = 0}, {.probes = 1}, {.batch = 0}}) {
    const auto error = test::error_of([&] { measure_explained(*model, isotropic(3, 1), {80, 0}, bad); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
  }
  const auto size = test::error_of([&] { measure_explained(*model, isotropic(4, 1), {80, 0}, {}); });
  ASSERT_TRUE(size);
  EXPECT_EQ(size->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
