// What the measures of quality must be, whatever the features.
#include <cmath>
#include <limits>

#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve_triangular.h>

#include "analysis/quality/frechet.h"
#include "analysis/quality/frechet_infinity.h"
#include "analysis/quality/kernel_distance.h"
#include "analysis/quality/memorisation.h"
#include "analysis/quality/precision_recall.h"
#include "analysis/quality/sliced_wasserstein.h"
#include "analysis/quality/vendi.h"
#include "analysis/stats/share_interval.h"
#include "core/math/random.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

double fd(const Tensor& a, const Tensor& b) { return frechet_distance(frechet_factor(a), frechet_factor(b)).value; }

FeatureMoments gaussian(const Tensor& mean, const Tensor& covariance) { return {1000, mean, covariance, 1, {}}; }

// Rows whose mean is 0 and whose covariance (divisor n - 1) is I, exactly but for rounding.
Tensor white_rows(int64_t count, int64_t dim) {
  Tensor rows = test::normals({count, dim}, 3);
  rows -= rows.mean(0);
  const Tensor covariance = rows.t().mm(rows) / static_cast<double>(count - 1);
  return at::linalg_solve_triangular(at::linalg_cholesky(covariance), rows.t().contiguous(), /*upper=*/false)
      .t()
      .contiguous();
}

TEST(Frechet, OfGaussiansIsTheClosedForm) {
  const Tensor mean = torch::tensor({1.0, 0.0, 0.0}, torch::kFloat64), one = torch::eye(3, torch::kFloat64);
  const Tensor stretched = torch::diag(torch::tensor({4.0, 1.0, 0.25}, torch::kFloat64));
  const auto result = frechet_distance(frechet_factor(gaussian(torch::zeros({3}, torch::kFloat64), stretched)),
                                       frechet_factor(gaussian(mean, one)));
  EXPECT_NEAR(result.value, 2.25, 1e-12);
  EXPECT_EQ(result.below_zero, 0);
  const Tensor rows = white_rows(50, 3);
  EXPECT_NEAR(fd(rows * torch::tensor({2.0, 1.0, 0.5}, torch::kFloat64), rows + mean), 2.25, 1e-12);
}

TEST(Frechet, OfASetWithItselfIsNothing) {
  for (const auto& [count, dim] : {std::pair{40, 8}, {8, 40}, {2, 5}, {5, 1}}) {
    Tensor rows = test::normals({count, dim}, count) + 1000;
    rows.select(1, 0).fill_(7);  // a constant feature
    const FrechetFactor factor = frechet_factor(rows);
    EXPECT_LE(frechet_distance(factor, factor).value, 1e-12 * (factor.trace + 1e-300)) << count;
    const FrechetFactor of_moments = frechet_factor(feature_moments(rows, {}));
    EXPECT_LE(frechet_distance(of_moments, of_moments).value, 1e-9 * (of_moments.trace + 1e-300)) << count;
  }
}

TEST(Frechet, DoesNotChangeWithRotationOrderOrShift) {
  for (const int64_t dim : {6, 60}) {
    const Tensor a = test::normals({40, dim}, 1) * torch::logspace(0, -3, dim, 10, torch::kFloat64);
    const Tensor b = test::normals({30, dim}, 2) * 0.7 + 0.1;
    const double expected = fd(a, b), scale = frechet_factor(a).trace + frechet_factor(b).trace;
    const Tensor turn = std::get<0>(at::linalg_qr(test::normals({dim, dim}, 5)));
    EXPECT_NEAR(fd(a.mm(turn), b.mm(turn)), expected, 1e-12 * scale);
    EXPECT_NEAR(fd(a.flip(0), b), expected, 1e-12 * scale);
    EXPECT_NEAR(fd(b, a), expected, 1e-12 * scale);
    EXPECT_NEAR(fd(a + 1e6, b + 1e6), expected, 1e-8 * scale);
    const Tensor step = test::normals({dim}, 9), level = b - b.mean(0) + a.mean(0);
    EXPECT_NEAR(fd(a, level + step), fd(a, level) + step.square().sum().item<double>(), 1e-11 * scale);
  }
}

TEST(Frechet, TakesSetsOfTwoAndRefusesOne) {
  const Tensor a = test::normals({2, 4}, 1), b = test::normals({2, 4}, 2);
  EXPECT_TRUE(std::isfinite(fd(a, b)));
  EXPECT_EQ(test::error_of([&] { frechet_factor(a.narrow(0, 0, 1)); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { fd(a, test::normals({3, 5}, 2)); })->code(), ExitCode::kUsage);
  Tensor broken = a.clone();
  broken[1][2] = std::numeric_limits<double>::quiet_NaN();
  const auto error = test::error_of([&] { frechet_factor(broken); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  EXPECT_NE(std::string(error->what()).find("sample 1"), std::string::npos) << error->what();
}

// FD_N of samples of the same Gaussian falls as b / N: the intercept is nearer to 0 than the last value.
TEST(FrechetInfinity, IsNearerToTheTruth) {
  const auto reference = frechet_factor(gaussian(torch::zeros({10}, torch::kFloat64), torch::eye(10, torch::kFloat64)));
  const auto result = frechet_infinity(test::normals({2000, 10}, 4), reference, 1);
  EXPECT_EQ(result.sizes.size(), 15U);
  EXPECT_EQ(result.sizes.front(), 200);
  EXPECT_EQ(result.sizes.back(), 2000);
  EXPECT_LT(std::abs(result.value), result.distances.back() / 2);
  EXPECT_GT(result.slope, 0);
  EXPECT_EQ(frechet_infinity_sizes(100000).front(), 5000);
  EXPECT_EQ(test::error_of([&] { frechet_infinity(test::normals({2, 10}, 4), reference, 1); })->code(),
            ExitCode::kUsage);
}

TEST(KernelDistance, IsTheDoubleSum) {
  const Tensor a = test::normals({7, 3}, 1), b = test::normals({5, 3}, 2) + 0.5;
  const auto kernel = [](const Tensor& x, const Tensor& y) { return (x.mm(y.t()) / 3 + 1).pow(3); };
  const auto without_diagonal = [](const Tensor& k) {
    return (k.sum() - k.trace()) / static_cast<double>(k.size(0) * (k.size(0) - 1));
  };
  const Tensor expected = without_diagonal(kernel(a, a)) + without_diagonal(kernel(b, b)) - 2 * kernel(a, b).mean();
  EXPECT_NEAR(kernel_distance(a, b), expected.item<double>(), 1e-12);
  EXPECT_LT(kernel_distance(a, a), 0) << "unbiased: below 0 for a set against itself";
  const auto subsets = kernel_distance_of_subsets(a, b, 20, 1000, 3);
  EXPECT_EQ(subsets.values.numel(), 20);
  EXPECT_GT(subsets.deviation, 0);
  EXPECT_EQ(kernel_distance_of_subsets(a, b, 20, 1000, 3).mean, subsets.mean);
}

// By the definition, every distance a float64 difference; ties, duplicates and points far from 0 included.
TEST(PrecisionRecall, IsItsDefinition) {
  for (const int variant : {0, 1, 2, 3}) {
    Tensor a = test::normals({60, 4}, 1), b = test::normals({50, 4}, 2) * 0.8;
    if (variant == 1) a = (a * 1.5).round(), b = (b * 1.5).round();  // a lattice: many ties
    if (variant == 2) a = a + 1e5, b = b + 1e5;
    if (variant == 3) b = torch::cat({a.narrow(0, 0, 25), a.narrow(0, 0, 25)});
    const auto squares = [](const Tensor& x, const Tensor& y) {
      return (x.unsqueeze(1) - y.unsqueeze(0)).square().sum(2);
    };
    const Tensor aa = squares(a, a), bb = squares(b, b), ba = squares(b, a);
    for (const int64_t k : {1, 3}) {
      const Tensor of_a = std::get<0>(aa.sort(1)).select(1, k), of_b = std::get<0>(bb.sort(1)).select(1, k);
      for (const BallBorder border : {BallBorder::kIn, BallBorder::kOut}) {
        const Tensor in_a = border == BallBorder::kIn ? ba <= of_a.unsqueeze(0) : ba < of_a.unsqueeze(0);
        const Tensor in_b = border == BallBorder::kIn ? ba <= of_b.unsqueeze(1) : ba < of_b.unsqueeze(1);
        const auto share = [](const Tensor& which) { return which.to(torch::kFloat64).mean().item<double>(); };
        const auto result = precision_recall(a, b, k, border);
        EXPECT_EQ(result.precision, share(in_a.any(1))) << variant;
        EXPECT_EQ(result.recall, share(in_b.any(0))) << variant;
        EXPECT_EQ(result.coverage, share(in_a.any(0))) << variant;
        EXPECT_NEAR(result.density, in_a.sum().item<double>() / 50 / static_cast<double>(k), 1e-14) << variant;
        EXPECT_TRUE(torch::equal(result.radii_a, of_a.sqrt())) << variant;
        EXPECT_EQ(result.realism.numel(), 50);
      }
    }
  }
  const Tensor a = test::normals({5, 2}, 1);
  EXPECT_EQ(test::error_of([&] { precision_recall(a, a, 5, BallBorder::kIn); })->code(), ExitCode::kUsage);
}

TEST(PrecisionRecall, RealismIsHighWithinTheData) {
  const Tensor a = test::normals({200, 3}, 1),
               b = torch::cat(
                   {a.narrow(0, 0, 1), torch::full({1, 3}, 50.0, torch::kFloat64), a.narrow(0, 1, 10) + 0.01});
  const auto result = precision_recall(a, b, 3, BallBorder::kIn);
  EXPECT_LT(result.realism[1].item<double>(), 0.1);
  EXPECT_TRUE(std::isinf(result.realism[0].item<double>()) ||
              result.radii_a[0].item<double>() > result.radii_a.median().item<double>());
  const Tensor apart = (b.unsqueeze(1) - a.unsqueeze(0)).square().sum(2).sqrt();
  const Tensor ratios = (result.radii_a / apart).masked_fill(result.radii_a > result.radii_a.median(), 0);
  EXPECT_LT(test::relative_deviation(result.realism.narrow(0, 1, 11), ratios.amax(1).narrow(0, 1, 11)), 1e-12);
}

// Points that stand twice have balls without a radius: 0 / 0 is their centre.
TEST(PrecisionRecall, RealismIsANumberBesideDuplicates) {
  const Tensor pair = torch::zeros({1, 2}, torch::kFloat64);
  const Tensor a = torch::cat({pair, pair, pair + 3, pair + 3, pair + 3, test::normals({3, 2}, 1) + 20});
  const Tensor b = torch::cat({pair, pair + 3, pair + 1, test::normals({2, 2}, 2) + 20});
  for (const int64_t k : {1, 2}) {
    const auto result = precision_recall(a, b, k, BallBorder::kIn);
    EXPECT_FALSE(result.realism.isnan().any().item<bool>()) << result.realism;
    EXPECT_TRUE(std::isinf(result.realism[1].item<double>())) << "at the centre of a ball without a radius";
    EXPECT_TRUE(std::isfinite(result.realism[2].item<double>()));
  }
}

TEST(ShareInterval, IsWilsons) {
  const Interval95 none = share_interval(0, 10), all = share_interval(10, 10), half = share_interval(5, 10);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.2775327998628898, 1e-12);
  EXPECT_NEAR(all.low, 1 - none.high, 1e-12);
  EXPECT_EQ(all.high, 1);
  // Wilson: (p + z^2/2n ± z sqrt(p q/n + z^2/4n^2)) / (1 + z^2/n), z^2 = 3.841458820694124
  EXPECT_NEAR(half.low + half.high, 1, 1e-12);
  EXPECT_NEAR(half.high - half.low,
              2 * std::sqrt(3.841458820694124 * (0.025 + 0.009603647051735310)) / 1.3841458820694124, 1e-12);
}

TEST(Memorisation, TrainingPointsAreCopies) {
  const Tensor train = test::normals({300, 20}, 1);
  const auto copies = memorisation(train, train.narrow(0, 10, 40));
  EXPECT_EQ(copies.memorised, 1);
  EXPECT_EQ(copies.authentic, 0);
  EXPECT_TRUE(torch::equal(copies.nearest, torch::arange(10, 50, torch::kInt64)));
  const auto fresh = memorisation(train, 3 * test::normals({40, 20}, 2));
  EXPECT_EQ(fresh.memorised, 0);
  EXPECT_GT(fresh.authentic, 0.9);
  const Tensor twice = torch::cat({train, train});
  EXPECT_EQ(memorisation(twice, train).memorised, 1) << "0 / 0 is a copy";
  EXPECT_EQ(memorisation(twice, train).authentic, 0);
}

TEST(SlicedWasserstein, IsThatOfShiftsAndScales) {
  const Tensor a = test::normals({100, 5}, 1);
  const auto shifted = sliced_wasserstein(a, a + torch::tensor({3.0, 0.0, 0.0, 0.0, 0.0}, torch::kFloat64), 200, 1);
  EXPECT_LE(shifted.squares.max().item<double>(), 9 + 1e-12);
  EXPECT_NEAR(shifted.mean, 9.0 / 5, 0.5);
  EXPECT_NEAR(shifted.mind, 15 * shifted.mean, 1e-12);
  EXPECT_LE(sliced_wasserstein(a, a.flip(0), 50, 1).mean, 1e-28);
  EXPECT_GT(sliced_wasserstein(a, a.narrow(0, 0, 60), 50, 1).mean, 0);
}

TEST(Vendi, CountsDifferentSamples) {
  EXPECT_NEAR(vendi_score(torch::ones({9, 4}, torch::kFloat64)), 1, 1e-12);
  EXPECT_NEAR(vendi_score(torch::eye(6, torch::kFloat64)), 6, 1e-12);
  const Tensor few = torch::eye(6, torch::kFloat64).repeat({3, 1});
  EXPECT_NEAR(vendi_score(few), 6, 1e-12);
  EXPECT_TRUE(std::isnan(vendi_score(torch::zeros({3, 4}, torch::kFloat64))));
}

// The measures over pairs decide exactly: the same for one thread and three.
TEST(Quality, DoesNotDependOnThreads) {
  const Tensor a = test::normals({400, 30}, 1), b = test::normals({300, 30}, 2);
  const auto one = precision_recall(a, b, 3, BallBorder::kIn);
  const auto copies = memorisation(a, b);
  const test::ThreadCount three(3);
  const auto other = precision_recall(a, b, 3, BallBorder::kIn);
  EXPECT_EQ(one.precision, other.precision);
  EXPECT_TRUE(torch::equal(one.radii_a, other.radii_a));
  EXPECT_TRUE(torch::equal(one.realism, other.realism));
  EXPECT_TRUE(torch::equal(copies.ratio, memorisation(a, b).ratio));
}

}  // namespace
}  // namespace farfield
