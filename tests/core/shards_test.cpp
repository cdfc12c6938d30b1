#include "core/shards.h"

#include <array>
#include <atomic>

#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

// Results of every kind that travels, none of them contiguous by itself.
Tensors compute_part(int64_t part) {
  const auto numbers = torch::arange(6, torch::kFloat64).reshape({2, 3}) * 0.1 + static_cast<double>(part);
  return {numbers.t(), numbers.to(torch::kFloat32).select(1, 1), torch::full({}, part, torch::kInt64),
          torch::zeros({part % 3, 4}, torch::kUInt8)};
}

TEST(Shards, EveryRankCombinesEveryShardInOrderAndOneComputesIt) {
  for (const int size : {1, 2, 3, 5}) {
    std::array<std::atomic<int>, 7> computed{};
    test::run_ranks(size, [&](Comm& comm) {
      int64_t next = 0;
      for_each_shard(comm, 7, [&](int64_t part) {
        ++computed[static_cast<size_t>(part)];
        EXPECT_TRUE(is_mine(comm, part));
        return compute_part(part);
      }, [&](int64_t part, const Tensors& result) {
        EXPECT_EQ(part, next++);
        const auto expected = compute_part(part);
        ASSERT_EQ(result.size(), expected.size());
        for (size_t i = 0; i < result.size(); ++i) {
          EXPECT_TRUE(result[i].is_contiguous());
          EXPECT_EQ(result[i].scalar_type(), expected[i].scalar_type());
          EXPECT_TRUE(result[i].equal(expected[i])) << part << " " << i;
        }
      });
      EXPECT_EQ(next, 7);
    });
    for (const auto& times : computed) EXPECT_EQ(times, 1);
  }
}

TEST(Shards, TheFirstErrorInTheOrderOfTheShardsIsEveryRanks) {
  for (const int size : {1, 2, 3}) {
    std::atomic<int> combined = 0, failed = 0;
    test::run_ranks(size, [&](Comm& comm) {
      const auto error = test::error_of([&] {
        for_each_shard(comm, 6, [](int64_t part) -> Tensors {
          if (part >= 2) throw bad_file("part " + std::to_string(part), "no good");
          return {};
        }, [&](int64_t, const Tensors&) { ++combined; });
      });
      EXPECT_EQ(error->code(), ExitCode::kBadFile);
      EXPECT_STREQ(error->what(), "part 2: no good");
      ++failed;
      comm.wait_for_all();  // they are still a group
    });
    EXPECT_EQ(combined, 2 * size);
    EXPECT_EQ(failed, size);
  }
}

TEST(Shards, ASignalEndsTheRankThatPollsIt) {
  std::atomic<int> went_on = 0;
  const auto error = test::error_of([&] {
    test::run_ranks(2, [&](Comm& comm) {
      for_each_shard(comm, 2, [](int64_t part) -> Tensors {
        if (part == 1) throw Error(ExitCode::kInterrupted, "stopped by a signal");
        return {};
      }, [&](int64_t part, const Tensors&) { went_on += part == 1; });
    });
  });
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_EQ(went_on, 0);
}

TEST(Shards, WhatTheRootDoesIsDoneOnceAndKnownToAll) {
  for (const int size : {1, 3}) {
    std::atomic<int> times = 0;
    test::run_ranks(size, [&](Comm& comm) {
      do_on_root(comm, [&] { ++times; });
      EXPECT_EQ(times, 1);
      EXPECT_EQ(
          on_root(comm, [&] { return Tensors{torch::full({1}, comm.rank() + 7, torch::kInt64)}; })[0].item<int64_t>(),
          7);
      EXPECT_EQ(test::error_of([&] { do_on_root(comm, [] { throw io_error("full"); }); })->code(), ExitCode::kIo);
    });
  }
}

TEST(Shards, RowsAreCutByTheirNumberAlone) {
  for (const int64_t count : {1, 511, 1023, 1024, 1537, 4096, 50'001}) {
    const auto parts = shards_of_rows(count);
    int64_t next = 0;
    for (const auto& part : parts) {
      EXPECT_EQ(part.first, next);
      EXPECT_GE(part.size, std::min<int64_t>(count, 500)) << count;
      next += part.size;
    }
    EXPECT_EQ(next, count);
    EXPECT_EQ(parts.size(), static_cast<size_t>(std::clamp<int64_t>(count / 512, 1, 8))) << count;
  }
}

}  // namespace
}  // namespace farfield
