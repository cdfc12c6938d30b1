// `farfield train` through the real program: what is left behind after an end, a signal, a kill, a mistake.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::run_farfield;

// A network of seconds, from the tiny config.
std::vector<std::string> tiny_run(const fs::path& out, const std::vector<std::string>& settings = {}) {
  std::vector<std::string> command = {"train", "--config", std::string(FARFIELD_SOURCE_DIR) + "/configs/train/tiny.yaml",
                                      "--out", out.string(), "--threads", "1"};
  for (const auto& setting : settings) command.insert(command.end(), {"--set", setting});
  return command;
}

const std::vector<std::string> kSmall = {"data.source=glyphs,count=64", "network.model_channels=8", "run.batch=8",
                                         "run.images=64", "run.state_images=16", "run.preview_images=0"};

std::vector<std::string> small_run(const fs::path& out, const std::vector<std::string>& settings = {}) {
  auto all = kSmall;
  all.insert(all.end(), settings.begin(), settings.end());
  return tiny_run(out, all);
}

nlohmann::json manifest_of(const fs::path& run) {
  return nlohmann::json::parse(read_file(run / "checkpoints.json", 1 << 20));
}

// The newest state by the manifest, its hash checked.
TensorFile newest_state(const fs::path& run) {
  const auto entry = manifest_of(run)["states"].back();
  const fs::path path = run / entry["file"].get<std::string>();
  EXPECT_EQ(sha256_file(path), entry["sha256"].get<std::string>()) << path;
  return read_safetensors(path);
}

TEST(TrainCommand, TheTinyConfigRunsAndLeavesAWholeRun) {
  test::TempDir folder;
  const fs::path run = folder / "run";
  const auto result = run_farfield(tiny_run(run, {"run.images=128", "run.preview_images=64", "run.tick_images=64"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, run.string() + "\n");
  for (const char* file : {"config.yaml", "run.json", "log.jsonl", "checkpoints.json",
                           "states/state-000000000128.safetensors", "snapshots/snapshot-000000000128.safetensors",
                           "previews/preview-000000000064.png", "previews/preview-000000000128.png"}) {
    EXPECT_TRUE(fs::exists(run / file)) << file;
  }
  const auto info = nlohmann::json::parse(read_file(run / "run.json", 1 << 20));
  EXPECT_EQ(info["images"], 128);
  EXPECT_EQ(newest_state(run).metadata.at("images"), "128");
}

TEST(TrainCommand, ResumeEndsWithTheSameBytesAsOneRun) {
  test::TempDir folder;
  ASSERT_EQ(run_farfield(small_run(folder / "whole")).exit_code, 0);
  ASSERT_EQ(run_farfield(small_run(folder / "parts", {"run.images=24"})).exit_code, 0);
  auto resume = small_run(folder / "parts");
  resume.push_back("--resume");
  const auto resumed = run_farfield(resume);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("resuming after 24 images"), std::string::npos) << resumed.err;
  EXPECT_EQ(manifest_of(folder / "parts")["snapshots"].back()["sha256"],
            manifest_of(folder / "whole")["snapshots"].back()["sha256"]);
}

TEST(TrainCommand, MistakesLeaveNothingBehind) {
  test::TempDir folder;
  struct Row {
    std::vector<std::string> settings;
    std::string fragment;
    int code;
  };
  const std::vector<Row> rows = {
      {{"run.bacth=8"}, "did you mean 'batch'", 2},
      {{"optimiser.learning_rate=-1"}, "optimiser.learning_rate", 2},
      {{"data.source=gliphs"}, "did you mean 'glyphs'", 2},
      {{"data.source=mnist:/nowhere"}, "/nowhere", 5},
      {{"network.channel_mult=[1,2,2,2,2,2]"}, "resolution", 2},
  };
  for (const auto& row : rows) {
    const auto result = run_farfield(small_run(folder / "run", row.settings));
    EXPECT_EQ(result.exit_code, row.code) << result.err;
    EXPECT_NE(result.err.find(row.fragment), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder / "run")) << row.fragment;
  }
}

// T30
TEST(TrainCommand, ASecondRunInTheSameFolderIsRefused) {
  test::TempDir folder;
  const fs::path run = folder / "run";
  ASSERT_EQ(run_farfield(small_run(run, {"run.images=8"})).exit_code, 0);
  auto again = small_run(run);
  EXPECT_EQ(run_farfield(again).exit_code, 2);
  const int descriptor = open(run.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(descriptor, LOCK_EX), 0);
  again.push_back("--resume");
  const auto refused = run_farfield(again);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("another run"), std::string::npos) << refused.err;
  close(descriptor);
  EXPECT_EQ(run_farfield(again).exit_code, 0);
}

}  // namespace
}  // namespace farfield
