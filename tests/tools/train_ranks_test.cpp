// `mpirun -n N farfield train`: the same run on any number of ranks, and what becomes of the others when one ends.
#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/text.h"
#include "tests/support/process.h"
#include "tests/support/ranks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::vector<std::string> ranks_run(const fs::path& out, int64_t images, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {
      "train",     "--config", std::string(FARFIELD_SOURCE_DIR) + "/configs/train/tiny.yaml", "--out", out.string(),
      "--threads", "1"};
  for (const auto& setting :
       {std::string("data.source=glyphs,count=64"), std::string("network.model_channels=8"), std::string("run.batch=8"),
        std::string("run.state_images=16"), std::string("run.tick_images=32"), std::string("run.preview_images=0"),
        std::string("run.precision=fp32"), fmt::format("run.images={}", images)}) {
    command.insert(command.end(), {"--set", setting});
  }
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::vector<nlohmann::json> log_of(const fs::path& run) {
  std::vector<nlohmann::json> lines;
  for (const auto& line : split(read_file(run / "log.jsonl", 1 << 20), '\n')) {
    if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

#define SKIP_WITHOUT_MPI() \
  if (!test::ranks_command(1, {})) GTEST_SKIP() << "no MPI: scripts/setup installs libopenmpi-dev and openmpi-bin"

TEST(TrainRanks, OneTwoAndFourRanksTrainAlikeAndGoOnWithOneAnother) {
  SKIP_WITHOUT_MPI();
  test::TempDir folder;
  for (const int ranks : {1, 2, 4}) {
    const fs::path run = folder / std::to_string(ranks);
    const auto result = test::run_program(*test::ranks_command(ranks, ranks_run(run, 64)), test::ranks_environment());
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, run.string() + "\n");
    EXPECT_EQ(nlohmann::json::parse(read_file(run / "run.json", 1 << 20))["ranks"], ranks);
    const auto log = log_of(run), expected = log_of(folder / "1");
    ASSERT_EQ(log.size(), 2u);
    for (size_t i = 0; i < log.size(); ++i) {
      const double loss = log[i]["loss"], wanted = expected[i]["loss"];
      EXPECT_NEAR(loss, wanted, 1e-4 * wanted) << ranks << " ranks, line " << i;
    }
  }
  const auto resumed = test::run_program(*test::ranks_command(2, ranks_run(folder / "1", 96, {"--resume"})),
                                         test::ranks_environment());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(count(resumed.err, "resuming after 64 images"), 1) << resumed.err;
  const auto alone = test::run_farfield(ranks_run(folder / "4", 96, {"--resume"}));
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_EQ(log_of(folder / "4").size(), 3u);
}

// A run under way on two ranks that has saved a state.
class TwoRanks {
 public:
  TwoRanks()
      : run_(folder_ / "run"),
        program_(*test::ranks_command(2, ranks_run(run_, 10'000'000)),
                 test::ranks_environment({"FARFIELD_GROUP_SILENCE=3"})) {
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (!fs::exists(run_ / "checkpoints.json") && Clock::now() < deadline && program_.running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  ~TwoRanks() {
    for (const int process : processes()) {
      if (process != 0) kill(process, SIGKILL);
    }
  }

  std::vector<int> processes() const { return test::processes_of_ranks(2, run_.string()); }

  // Sends the signal to one rank; what mpirun says at the end, which must come within a minute and leave no process.
  test::ProcessResult end_by(int rank, int signal) {
    const int victim = processes()[rank];
    EXPECT_NE(victim, 0);
    kill(victim, signal);
    const auto start = Clock::now();
    while (program_.running() && Clock::now() - start < std::chrono::seconds(60)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_FALSE(program_.running());
    EXPECT_EQ(processes(), std::vector<int>(2, 0));
    return program_.result();
  }

  const fs::path& run() const { return run_; }

 private:
  test::TempDir folder_;
  fs::path run_;
  test::RunningProgram program_;
};

TEST(TrainRanks, ASignalToAnyRankSavesOnceAndEndsAllWith7) {
  SKIP_WITHOUT_MPI();
  for (const int signal : {SIGTERM, SIGUSR1}) {
    TwoRanks two;
    const auto result = two.end_by(1, signal);
    EXPECT_EQ(result.exit_code, 7) << result.err;
    EXPECT_EQ(count(result.err, "the state is saved"), 1) << result.err;
    const auto newest = nlohmann::json::parse(read_file(two.run() / "checkpoints.json", 1 << 20))["states"].back();
    EXPECT_EQ(sha256_file(two.run() / newest["file"].get<std::string>()), newest["sha256"].get<std::string>());
    EXPECT_NE(result.err.find(fmt::format("after {} of", newest["images"].get<int64_t>())), std::string::npos)
        << result.err;
  }
}

TEST(TrainRanks, ARankThatDiesEndsTheOthers) {
  SKIP_WITHOUT_MPI();
  for (const int rank : {0, 1}) {
    TwoRanks two;
    EXPECT_NE(two.end_by(rank, SIGKILL).exit_code, 0);
  }
}

TEST(TrainRanks, ARankThatHangsEndsTheOthers) {
  SKIP_WITHOUT_MPI();
  for (const int rank : {0, 1}) {
    TwoRanks two;
    const auto result = two.end_by(rank, SIGSTOP);
    EXPECT_EQ(result.exit_code, 5) << result.err;
    EXPECT_NE(result.err.find(fmt::format("rank {} has not answered for 3 seconds", rank)), std::string::npos)
        << result.err;
  }
}

TEST(TrainRanks, AMistakeIsSaidOnceAndLeavesNothing) {
  SKIP_WITHOUT_MPI();
  test::TempDir folder;
  const fs::path run = folder / "run";
  const auto refused = test::run_program(*test::ranks_command(3, ranks_run(run, 64)), test::ranks_environment());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(count(refused.err, "8 images do not divide over 3 ranks"), 1) << refused.err;
  EXPECT_FALSE(fs::exists(run));
  const auto unknown = test::run_program(*test::ranks_command(2, ranks_run(run, 64, {"--resum"})),
                                         test::ranks_environment());
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(count(unknown.err, "did you mean '--resume'"), 1) << unknown.err;
}

}  // namespace
}  // namespace farfield
