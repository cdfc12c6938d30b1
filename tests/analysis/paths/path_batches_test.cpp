#include "analysis/paths/path_batches.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/npz.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

// Row i of `square` is i^2; `calls` counts the batches that were measured.
BatchWork squares(int64_t batch, int& calls) {
  return {"squares", 10, batch, 1, {"square"}, [&calls](RowRange rows, Progress& progress) {
    ++calls;
    progress.advance(rows.size);
    const auto index = torch::arange(rows.first, rows.first + rows.size, torch::kFloat64);
    return Arrays{{"square", index.square()}};
  }};
}

BatchWork stopped_after(BatchWork work, int64_t batches) {
  work.measure = [measure = work.measure, batches](RowRange rows, Progress& progress) {
    if (rows.first >= batches * rows.size) throw Error(ExitCode::kInterrupted, "stopped");
    return measure(rows, progress);
  };
  return work;
}

TEST(PathBatches, AreTheSameForAnyBatchAndRanks) {
  int calls = 0;
  const torch::Tensor expected = torch::arange(10, torch::kFloat64).square();
  EXPECT_TRUE(torch::equal(measure_batches(squares(3, calls)).at("square"), expected));
  EXPECT_EQ(calls, 4);
  EXPECT_TRUE(torch::equal(measure_batches(squares(64, calls)).at("square"), expected));
  test::run_ranks(3, [&](Comm& comm) {
    int mine = 0;
    EXPECT_TRUE(torch::equal(measure_batches(squares(2, mine), {}, comm).at("square"), expected));
  });
}

TEST(PathBatches, OfAStoppedRunAreUsedAgainAndRemovedAtTheEnd) {
  const test::TempDir folder;
  const auto out = folder / "out";
  int calls = 0;
  const PartStore first(out, R"({"seeds":"0-9"})", EarlierParts::kRefuse);
  const auto error = test::error_of([&] { measure_batches(stopped_after(squares(2, calls), 3), first); });
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_NE(std::string(error->what()).find("3 finished batches are kept in"), std::string::npos) << error->what();
  EXPECT_EQ(calls, 3);
  const PartStore again(out, R"({"seeds":"0-9"})", EarlierParts::kResume);
  const Arrays all = measure_batches(squares(2, calls), again);
  EXPECT_EQ(calls, 5);
  EXPECT_TRUE(torch::equal(all.at("square"), torch::arange(10, torch::kFloat64).square()));
  again.remove();
  EXPECT_FALSE(std::filesystem::exists(out.string() + ".parts"));
}

TEST(PathBatches, StopBetweenTwoOfThem) {
  const test::TempDir folder;
  const PartStore parts(folder / "out", "{}", EarlierParts::kRefuse);
  int calls = 0;
  BatchWork work = squares(2, calls);
  work.measure = [measure = work.measure](RowRange rows, Progress& progress) {
    set_interrupted(rows.first == 4);
    return measure(rows, progress);
  };
  const auto error = test::error_of([&] { measure_batches(work, parts); });
  set_interrupted(false);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_NE(std::string(error->what()).find("3 finished batches"), std::string::npos) << error->what();
  EXPECT_EQ(calls, 3);
}

TEST(PathBatches, OfAnotherRunAreNeverUsed) {
  const test::TempDir folder;
  const auto out = folder / "out";
  PartStore(out, R"({"seeds":"0-9","solver":"heun"})", EarlierParts::kRefuse)
      .keep(0, {{"square", torch::zeros({2}, torch::kFloat64)}});
  const auto without = test::error_of([&] { PartStore(out, R"({"seeds":"0-9"})", EarlierParts::kRefuse); });
  EXPECT_EQ(without->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(without->what()).find("--resume goes on"), std::string::npos) << without->what();
  const auto other = test::error_of(
      [&] { PartStore(out, R"({"seeds":"0-9","solver":"euler"})", EarlierParts::kResume); });
  EXPECT_NE(std::string(other->what()).find(R"(solver was "heun", now "euler")"), std::string::npos) << other->what();
  EXPECT_EQ(PartStore(out, R"({"seeds":"0-9"})", EarlierParts::kReplace).kept(), 0);
}

TEST(PathBatches, AFolderThatIsNoStoreIsLeftAlone) {
  const test::TempDir folder;
  const auto parts = folder / "out.parts";
  std::filesystem::create_directory(parts);
  std::ofstream(parts / "notes.txt") << "mine";
  for (const auto earlier : {EarlierParts::kRefuse, EarlierParts::kResume, EarlierParts::kReplace}) {
    const auto error = test::error_of([&] { PartStore(folder / "out", "{}", earlier); });
    EXPECT_EQ(error->code(), ExitCode::kUsage);
  }
  EXPECT_TRUE(std::filesystem::exists(parts / "notes.txt"));
}

// A user's file beside the batches stays when they are removed.
TEST(PathBatches, OnlyTheirOwnFilesAreRemoved) {
  const test::TempDir folder;
  const PartStore store(folder / "out", "{}", EarlierParts::kRefuse);
  store.keep(0, {{"square", torch::zeros({2}, torch::kFloat64)}});
  std::ofstream(folder / "out.parts/notes.txt") << "mine";
  store.remove();
  EXPECT_EQ(store.kept(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "out.parts/notes.txt"));
}

}  // namespace
}  // namespace farfield
