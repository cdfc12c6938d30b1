// The exact denoiser at its limits: sizes, tiny noise, near-ties that float32 cannot decide, high dimension.
#include <cmath>

#include "models/analytic/analytic.h"
#include "models/analytic/data_posterior.h"
#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor floats(torch::IntArrayRef shape, int64_t seed) { return test::normals(shape, seed).to(torch::kFloat32); }

TEST(Delta, FiniteForEverySizeAndNoise) {
  struct Size {
    int64_t count, dim;
  };
  for (const auto [count, dim] : {Size{1, 1}, {1, 12288}, {3, 12288}, {2, 1}, {50000, 2}, {300, 3072}}) {
    const auto points = floats({count, dim}, 1);
    const auto denoiser = make_delta(points, {dim});
    for (double sigma = 1e-8; sigma < 1.1e8; sigma *= 1e4) {
      for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
        const auto x = (points.narrow(0, 0, 1) + sigma * test::normals({3, dim}, 2)).to(dtype);
        const auto denoised = (*denoiser)(x, sigma);
        ASSERT_TRUE(denoised.isfinite().all().item<bool>()) << count << " " << dim << " " << sigma;
        EXPECT_TRUE(denoiser->log_density(x, sigma).isfinite().all().item<bool>()) << count << " " << dim;
        EXPECT_LE(denoised.abs().max().item<double>(), points.abs().max().item<double>() * (1 + 1e-6));
      }
    }
  }
}

// 3072 dimensions, float32 data, both ways of evaluation and the place where one takes over from the other.
TEST(Delta, ExactInHighDimensionAtEveryNoiseLevel) {
  constexpr int64_t kCount = 700, kDim = 3072;
  // Images of few directions, so that distances are comparable with noise levels over several decades.
  const auto points = (torch::mm(test::normals({kCount, 4}, 1), 0.3 * test::normals({4, kDim}, 2)) - 0.3)
                          .clamp(-1, 1)
                          .to(torch::kFloat32);
  const auto wide = points.to(torch::kFloat64);
  const auto denoiser = make_delta(points, {kDim});
  for (double sigma = 2e-3; sigma < 100; sigma *= 2.5) {
    const auto x = wide.narrow(0, 17, 5) + sigma * test::normals({5, kDim}, 3);
    const auto expected = test::brute_force_delta(wide, x, sigma);
    EXPECT_LE(test::relative_deviation((*denoiser)(x, sigma), expected.denoised), 1e-10) << sigma;
    EXPECT_LE(test::relative_deviation(denoiser->log_density(x, sigma), expected.log_density), 1e-10) << sigma;
    const auto narrow = x.to(torch::kFloat32);
    const auto narrow_expected = test::brute_force_delta(wide, narrow.to(torch::kFloat64), sigma).denoised;
    EXPECT_LE(test::relative_deviation((*denoiser)(narrow, sigma), narrow_expected), 1e-6) << sigma;
  }
}

// One pass gives D with the bits of the denoiser, the density, and the weights' entropy; at both ways of evaluation.
TEST(Delta, ThePosteriorIsTheDenoiserTheDensityAndTheEntropyOfTheWeights) {
  for (const auto& [count, dim] : {std::pair<int64_t, int64_t>{1, 1}, {40, 2}, {700, 96}}) {
    const auto points = floats({count, dim}, 11);
    const auto denoiser = make_delta(points, {dim});
    const auto& weights = dynamic_cast<const DataPosterior&>(*denoiser);
    for (double sigma = 1e-3; sigma < 1e4; sigma *= 3) {
      const auto x = points.narrow(0, 0, 1).to(torch::kFloat64) + sigma * test::normals({5, dim}, 12);
      const auto logits = -(x.unsqueeze(1) - points.to(torch::kFloat64)).square().sum(2) / (2 * sigma * sigma);
      const auto u = torch::softmax(logits, 1);
      const Posterior posterior = weights.posterior(x, sigma);
      EXPECT_TRUE(torch::equal(posterior.mean, (*denoiser)(x, sigma))) << count << " " << sigma;
      EXPECT_LE(test::deviation(posterior.log_density, denoiser->log_density(x, sigma)), 1e-13) << count << sigma;
      EXPECT_TRUE(torch::equal(weights.density(x, sigma), denoiser->log_density(x, sigma))) << count << " " << sigma;
      EXPECT_LE(test::deviation(posterior.entropy, -torch::xlogy(u, u).sum(1)), 1e-9) << count << " " << sigma;
      EXPECT_EQ(weights.posterior(x.to(torch::kFloat32), sigma).mean.scalar_type(), torch::kFloat32);
    }
  }
  const auto two = make_delta(floats({2, 3}, 1), {3});
  const auto& weights = dynamic_cast<const DataPosterior&>(*two);
  EXPECT_EQ(test::error_of([&] { weights.posterior(torch::zeros({1, 4}), 1); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { weights.posterior(torch::zeros({1, 3}), 0); })->code(), ExitCode::kUsage);
}

// Two points closer to each other than float32 distances can tell, and x between them.
TEST(Delta, ANearTieIsDecidedByFloat64Differences) {
  constexpr int64_t kDim = 3072;
  auto points = floats({2000, kDim}, 4);
  points[1000] = points[7];
  points[1000][0] += 1e-3;
  const auto denoiser = make_delta(points, {kDim});
  const auto wide = points.to(torch::kFloat64);
  for (const double sigma : {1e-3, 3e-4}) {
    auto x = wide.narrow(0, 7, 1).clone();
    x[0][0] += 0.4e-3;
    const auto expected = test::brute_force_delta(wide, x, sigma).denoised;
    const auto share = (expected[0][0] - wide[7][0]) / (wide[1000][0] - wide[7][0]);
    EXPECT_GT(share.item<double>(), 0.2);  // a real tie: both count
    EXPECT_LE((((*denoiser)(x, sigma) - expected) / 1e-3).abs().max().item<double>(), 1e-9) << sigma;
  }
}

TEST(Delta, AllPointsTheSameIsThatPoint) {
  const auto point = floats({1, 20}, 5);
  const auto denoiser = make_delta(point.expand({3000, 20}).contiguous(), {20});
  for (double sigma = 1e-8; sigma < 1e9; sigma *= 100) {
    const auto x = point.to(torch::kFloat64) + sigma * test::normals({2, 20}, 6);
    EXPECT_LE(test::deviation((*denoiser)(x, sigma), point.expand({2, 20}).to(torch::kFloat64)), 1e-12) << sigma;
  }
}

TEST(Delta, BadPointsAreRefused) {
  auto points = floats({5, 4}, 7);
  EXPECT_EQ(test::error_of([&] { make_delta(points, {5}); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { make_delta(points.to(torch::kInt64), {4}); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { make_delta(points.narrow(0, 0, 0), {4}); })->code(), ExitCode::kUsage);
  points[2][1] = std::nanf("");
  EXPECT_EQ(test::error_of([&] { make_delta(points, {4}); })->code(), ExitCode::kNumeric);
}

}  // namespace
}  // namespace farfield
