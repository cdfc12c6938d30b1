#include "analysis/stats/data_stats.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

// Values of numpy's kind, computed from the whole data set at once.
TEST(DataStats, AreTheTextbookNumbers) {
  const auto data = open_data("glyphs,size=8,count=300");
  const auto stats = measure_data(*data);
  const auto x = data->rows(0, 300).to(torch::kFloat64), flat = x.flatten(1);
  EXPECT_NEAR(stats.mean, x.mean().item<double>(), 1e-12);
  EXPECT_NEAR(stats.sigma_data, x.std(false).item<double>(), 1e-12);
  EXPECT_EQ(stats.lowest, -1);
  EXPECT_EQ(stats.highest, x.max().item<double>());
  EXPECT_EQ(stats.label_counts, std::vector<int64_t>(10, 30));
  EXPECT_EQ(stats.duplicates, 0);
  const auto distances = torch::pdist(flat);
  EXPECT_EQ(stats.distance_samples, 300);
  EXPECT_EQ(stats.median_distance, distances.median().item<double>());
  EXPECT_EQ(stats.largest_distance, distances.max().item<double>());
  const auto centred = flat - flat.mean(0);
  const auto values = torch::linalg_eigvalsh(centred.t().matmul(centred) / 300, "L").flip(0);
  ASSERT_EQ(stats.eigenvalues.size(), 10u);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(stats.eigenvalues[i], values[i].item<double>(), 1e-10);
  EXPECT_NEAR(stats.total_variance, values.sum().item<double>(), 1e-10);
  const double share = values.narrow(0, 0, stats.components_90).sum().item<double>() / stats.total_variance;
  const double less = values.narrow(0, 0, stats.components_90 - 1).sum().item<double>() / stats.total_variance;
  EXPECT_TRUE(share >= 0.9 && less < 0.9);
  EXPECT_GT(stats.components_99, stats.components_90);
}

TEST(DataStats, ChannelsAreApartAndSigmaDataIsAboutTheOneMean) {
  auto x = torch::empty({2, 2, 1, 2}, torch::kFloat32);
  x.select(1, 0).fill_(1);
  x.select(1, 1).fill_(-3);
  const auto stats = measure_data(DataSource("constant channels", x, {}, 0));
  EXPECT_EQ(stats.channel_mean, (std::vector<double>{1, -3}));
  EXPECT_EQ(stats.channel_std, (std::vector<double>{0, 0}));
  EXPECT_EQ(stats.mean, -1);
  EXPECT_EQ(stats.sigma_data, 2);
  EXPECT_EQ(stats.duplicates, 1);
  EXPECT_EQ(stats.largest_distance, 0);
  EXPECT_TRUE(stats.label_counts.empty());
}

// Blocks of a large offset merge without losing digits.
TEST(DataStats, KeepTheirDigitsWhereTheMeanIsLarge) {
  SplitMix64 random(1);
  auto x = torch::empty({3000, 4000}, torch::kFloat32);  // more than one block
  auto* values = x.data_ptr<float>();
  for (int64_t i = 0; i < x.numel(); ++i) values[i] = 4096 + static_cast<float>(random.below(2));
  const auto stats = measure_data(DataSource("offset", x, {}, 0), {.pair_samples = 10});
  EXPECT_NEAR(stats.sigma_data, 0.5, 1e-6);
}

TEST(DataStats, SubsetsAreNamedAndCloseToTheWhole) {
  const auto data = open_data("glyphs,size=8,count=3000");
  const auto whole = measure_data(*data, {.pair_samples = 3000});
  const auto part = measure_data(*data, {.pair_samples = 500, .full_dim = 10});
  EXPECT_EQ(whole.distance_samples, 3000);
  EXPECT_EQ(whole.spectrum_samples, 3000);
  EXPECT_EQ(part.distance_samples, 500);
  EXPECT_EQ(part.spectrum_samples, 500);
  EXPECT_NEAR(part.median_distance / whole.median_distance, 1, 0.05);
  EXPECT_NEAR(part.total_variance / whole.total_variance, 1, 0.1);
  EXPECT_LE(part.largest_distance, whole.largest_distance);
}

TEST(DataStats, OneSampleIsNoError) {
  const auto stats = measure_data(*open_data("moons,count=1"));
  EXPECT_EQ(stats.largest_distance, 0);
  EXPECT_EQ(stats.total_variance, 0);
}

TEST(DataStats, SuggestionsFollowFromTheMeasurement) {
  DataStats stats;
  stats.sigma_data = 0.4991;
  stats.largest_distance = 77.3;
  for (const auto& suggestion : suggest_settings(stats, true)) {
    const double expected = suggestion.setting == "sigma_data" ? 0.5 : suggestion.setting == "sigma_min" ? 0.002 : 77;
    EXPECT_NEAR(suggestion.value, expected, 1e-12) << suggestion.setting;
    EXPECT_FALSE(suggestion.reason.empty());
  }
}

// The facts of the README beside the data.
TEST(DataStats, CifarHasEdmsSigmaData) {
  const auto folder = test::data_dir();
  if (!folder) GTEST_SKIP() << "no data folder: set FARFIELD_DATA";
  const auto data = open_data((*folder / "cifar10" / "cifar10-32x32-test.zip").string());
  const auto stats = measure_data(*data, {.pair_samples = 200});
  const double mean[] = {0.494066, 0.485064, 0.450382}, std[] = {0.244845, 0.242198, 0.260582};
  for (int c = 0; c < 3; ++c) {  // decoders differ in the last bits of JPEG
    EXPECT_NEAR((stats.channel_mean[c] + 1) / 2, mean[c], 3e-4);
    EXPECT_NEAR(stats.channel_std[c] / 2, std[c], 3e-4);
  }
  EXPECT_EQ(stats.label_counts, std::vector<int64_t>(10, 1000));
}

TEST(DataStats, AnyNumberOfRanksGivesTheBitsOfOne) {
  const test::ThreadCount one_thread(1);
  const auto x = SampleRandom(3).normal({1700, 2, 3}, torch::kFloat32);
  x[1650].copy_(x[5]);  // an equal one in another part
  const DataSource data("points", x, {}, 0);
  for (const int64_t full_dim : {6, 5}) {  // covariance of all and of a subset
    const DataStatsOptions options{.pair_samples = 50, .full_dim = full_dim};
    const auto one = measure_data(data, options);
    EXPECT_EQ(one.duplicates, 1);
    test::run_ranks(3, [&](Comm& comm) {
      const auto shared = measure_data(data, options, comm);
      EXPECT_EQ(shared.sigma_data, one.sigma_data);
      EXPECT_EQ(shared.channel_mean, one.channel_mean);
      EXPECT_EQ(shared.channel_std, one.channel_std);
      EXPECT_EQ(shared.lowest, one.lowest);
      EXPECT_EQ(shared.highest, one.highest);
      EXPECT_EQ(shared.duplicates, one.duplicates);
      EXPECT_EQ(shared.median_distance, one.median_distance);
      EXPECT_EQ(shared.eigenvalues, one.eigenvalues);
    });
  }
}

}  // namespace
}  // namespace farfield
