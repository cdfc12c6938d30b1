#include "core/data/loader.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

// Sample i is the number i, its label i mod 3.
std::shared_ptr<const DataSource> counting(int64_t count) {
  auto samples = torch::arange(count, torch::kFloat32).unsqueeze(1);
  return std::make_shared<DataSource>("counting", samples, torch::arange(count, torch::kInt64).remainder(3), 3);
}

int64_t expected_sample(uint64_t seed, int64_t position, int64_t count) {
  return epoch_order(seed, position / count, count)[position % count];
}

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  for (const int64_t count : {1, 2, 7, 1000}) {
    auto order = epoch_order(5, 3, count);
    std::sort(order.begin(), order.end());
    for (int64_t i = 0; i < count; ++i) ASSERT_EQ(order[i], i);
  }
  EXPECT_EQ(epoch_order(5, 3, 100), epoch_order(5, 3, 100));
  EXPECT_NE(epoch_order(5, 3, 100), epoch_order(5, 4, 100));
  EXPECT_NE(epoch_order(5, 3, 100), epoch_order(6, 3, 100));
}

TEST(EpochOrder, PutsEverySampleAnywhere) {
  int counts[5][5] = {};
  for (int epoch = 0; epoch < 5000; ++epoch) {
    const auto order = epoch_order(0, epoch, 5);
    for (int place = 0; place < 5; ++place) ++counts[place][order[place]];
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 1000, 150);
  }
}

TEST(Loader, FollowsTheOrderFromAnyStart) {
  const auto data = counting(10);
  for (const int64_t start :
       {int64_t{0}, int64_t{7}, int64_t{10}, int64_t{123}, (int64_t{1} << 31) + 5, int64_t{1} << 52}) {
    SCOPED_TRACE(start);
    Loader loader(data, {.batch = 4, .seed = 9, .start_images = start});
    int64_t position = start;
    for (int step = 0; step < 8; ++step) {
      const Batch batch = loader.next();
      ASSERT_EQ(batch.samples.sizes(), (std::vector<int64_t>{4, 1}));
      for (int i = 0; i < 4; ++i, ++position) {
        const int64_t sample = expected_sample(9, position, 10);
        EXPECT_EQ(batch.positions[i].item<int64_t>(), position);
        EXPECT_EQ(batch.samples[i].item<float>(), static_cast<float>(sample));
        EXPECT_EQ(batch.labels[i].argmax().item<int64_t>(), sample % 3);
        EXPECT_EQ(batch.labels[i].sum().item<float>(), 1);
      }
    }
  }
}

TEST(Loader, BatchesMayExceedTheDataSet) {
  Loader loader(counting(3), {.batch = 8, .seed = 2});
  const Batch batch = loader.next();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(batch.samples[i].item<float>(), expected_sample(2, i, 3));
}

TEST(Loader, RanksTogetherReadWhatOneRankReads) {
  const auto data = counting(50);
  for (const int64_t world : {2, 3, 6}) {
    Loader whole(data, {.batch = 12, .seed = 4, .start_images = 45});
    std::vector<std::unique_ptr<Loader>> ranks;
    for (int64_t rank = 0; rank < world; ++rank) {
      ranks.push_back(std::make_unique<Loader>(
          data, Loader::Options{.batch = 12, .seed = 4, .start_images = 45, .rank = rank, .world = world}));
    }
    for (int step = 0; step < 4; ++step) {
      const Batch all = whole.next();
      auto merged = torch::empty_like(all.samples);
      for (int64_t rank = 0; rank < world; ++rank) {
        const Batch part = ranks[rank]->next();
        ASSERT_EQ(part.samples.size(0), 12 / world);
        merged.slice(0, rank, 12, world).copy_(part.samples);
        EXPECT_TRUE(torch::equal(part.positions, all.positions.slice(0, rank, 12, world)));
      }
      EXPECT_TRUE(torch::equal(merged, all.samples));
    }
  }
}

TEST(Loader, RefusesOptionsThatMakeNoSense) {
  const auto data = counting(10);
  const Loader::Options bad[] = {
      {.batch = 0}, {.start_images = -1}, {.rank = 2, .world = 2}, {.rank = -1}, {.batch = 5, .world = 2}};
  for (const auto& options : bad) {
    const auto error = test::error_of([&] { Loader loader(data, options); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  }
}

}  // namespace
}  // namespace farfield
