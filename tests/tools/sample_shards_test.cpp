// `farfield sample` in shards, killed, resumed, read again, and in memory that does not grow.
#include <chrono>
#include <csignal>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using Words = std::vector<std::string>;

class SampleShards : public ::testing::Test {
 protected:
  Words command(const std::string& out, const Words& more) const {
    Words words = {"sample",  "--model", "delta:glyphs,size=8,count=40", "--steps", "3", "--threads", "1",
                   "--quiet", "--out",   (folder / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  test::ProcessResult sample(const std::string& out, const Words& more) const {
    return test::run_farfield(command(out, more));
  }
  std::map<std::string, std::string> shards_of(const std::string& out) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder / out / "shards"))
      files[entry.path().filename().string()] = read_file(entry.path(), 1 << 24);
    return files;
  }

  test::TempDir folder;
};

TEST_F(SampleShards, AreARunLikeAnyOther) {
  const auto result = sample("run", {"--seeds", "0-24", "--shard", "10", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json::parse(result.out);
  EXPECT_EQ(summary.at("samples"), 25);
  EXPECT_EQ(summary.at("shards"), 3);
  EXPECT_EQ(summary.at("samples_kept"), 0);
  EXPECT_TRUE(fs::exists(folder / "run/samples.png"));
  EXPECT_FALSE(fs::exists(folder / "run/samples.npz"));
  EXPECT_FALSE(fs::exists(folder / "run.parts"));
  EXPECT_EQ(shards_of("run").size(), 4U);

  const auto stats = test::run_farfield({"data", "stats", "samples:" + (folder / "run").string(), "--json"});
  ASSERT_EQ(stats.exit_code, 0) << stats.err;
  EXPECT_EQ(json::parse(stats.out).at("count"), 25) << stats.out;
  const auto near = test::run_farfield({"neighbours", "--samples", (folder / "run").string(), "--data",
                                        "glyphs,size=8,count=40", "--out", (folder / "near").string(), "--json"});
  EXPECT_EQ(near.exit_code, 0) << near.err;

  const auto again = sample("again", {"--config", (folder / "run/run.json").string()});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(shards_of("again").at("samples-000002.npz").size(), shards_of("run").at("samples-000002.npz").size());
  const auto refused = sample("run", {"--seeds", "0-24", "--shard", "10"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(sample("run", {"--seeds", "0-4", "--force"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "run/shards")) << "the earlier run is gone whole";
}

TEST_F(SampleShards, AKilledRunGoesOn) {
  const Words many = {"--seeds", "0-1999", "--shard", "100", "--batch", "10"};
  ASSERT_EQ(sample("whole", many).exit_code, 0);
  int64_t all_kept = 0;
  for (const int after : {0, 3, 11}) {  // shards, then SIGKILL
    const std::string out = "killed" + std::to_string(after);
    const fs::path parts = folder / (out + ".parts");
    test::RunningProgram program(test::farfield_command(command(out, many)));
    while (program.running() && !fs::exists(parts / ("batch-" + std::to_string(1000000 + after).substr(1) + ".npz")))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    program.signal(SIGKILL);
    (void)program.result();
    ASSERT_TRUE(fs::exists(parts)) << "it was over before it could be killed";
    const auto refused = sample(out, many);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("--resume goes on from there"), std::string::npos) << refused.err;
    Words other = many;
    other.insert(other.end(), {"--resume", "--solver", "euler"});
    EXPECT_EQ(sample(out, other).exit_code, 2) << "another call";
    Words on = many;
    on.insert(on.end(), {"--resume", "--json"});
    const auto result = sample(out, on);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const int64_t kept = json::parse(result.out).at("samples_kept");
    EXPECT_GE(kept, 100 * (after + 1));
    all_kept += kept;
    EXPECT_TRUE(shards_of(out) == shards_of("whole"));
    EXPECT_FALSE(fs::exists(parts));
  }
  EXPECT_LT(all_kept, 3 * 2000) << "no run was killed early enough to have something left";
}

TEST_F(SampleShards, OnlyShardsAreResumed) {
  const auto result = sample("run", {"--seeds", "0-4", "--resume"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("give --shard N"), std::string::npos) << result.err;
}

// 4 KiB of states a sample: 1,000 and 20,000 of them differ by 78 MiB whole, by the seeds in shards.
TEST_F(SampleShards, MemoryDoesNotGrowWithTheCount) {
  const auto peak = [&](const std::string& out, const std::string& seeds) {
    const auto result = test::run_farfield({"sample", "--model", "isotropic:glyphs,size=22,count=40", "--solver",
                                            "euler", "--steps", "1", "--threads", "1", "--batch", "250", "--seeds",
                                            seeds, "--shard", "500", "--quiet", "--out", (folder / out).string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.peak_bytes;
  };
  const int64_t few = peak("few", "0-999"), many = peak("many", "0-19999");
  EXPECT_LT(many - few, int64_t{16} << 20);
}

}  // namespace
}  // namespace farfield
