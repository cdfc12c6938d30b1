// `mpirun -n N farfield sample | fit | data stats | compare | theory | geometry`: files and words of N ranks are those of one.
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "tests/support/process.h"
#include "tests/support/ranks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Ranks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::ranks_command(1, {})) GTEST_SKIP() << "no MPI: scripts/setup installs libopenmpi-dev and openmpi-bin";
  }

  // In a folder of its own, so that equal command lines name equal files.
  test::ProcessResult run(int ranks, Words command) {
    command.insert(command.end(), {"--threads", "1"});
    return test::run_program(*test::ranks_command(ranks, command), test::ranks_environment(), home(ranks).string());
  }
  fs::path home(int ranks) const {
    fs::create_directories(folder / std::to_string(ranks));
    return folder / std::to_string(ranks);
  }

  test::TempDir folder;
};

// Every file under `home` but those that hold times, by its name there.
std::map<std::string, std::string> files_of(const fs::path& home) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(home)) {
    const std::string name = fs::relative(entry.path(), home).string();
    const bool timed = name.ends_with("run.json") || name.ends_with("report.html") || name.ends_with("samples.png");
    if (!entry.is_directory()) files[name] = timed ? "" : read_file(entry.path(), 1 << 24);
  }
  return files;
}

TEST_F(Ranks, DoWhatOneDoesBitForBit) {
  const std::string data = "glyphs,size=8,count=1100";  // two parts
  const std::vector<Words> commands = {
      {"fit", "gaussian", "--data", data, "--out", "gaussian.safetensors", "--json"},
      {"fit", "mixture", "--data", data, "--components", "4", "--rank", "9", "--out", "mixture.safetensors", "--json"},
      {"data", "stats", data, "--json"},
      {"sample", "--model", "mixture.safetensors", "--seeds", "0-9", "--batch", "3", "--steps", "4", "--trajectory",
       "--teleport", "auto", "--gaussian", "gaussian.safetensors", "--out", "samples", "--json"},
      {"sample", "--model", "mixture.safetensors", "--seeds", "0-9", "--batch", "2", "--steps", "4", "--shard", "4",
       "--out", "sharded", "--json"},
      {"compare", "--model", "mixture.safetensors", "--data", data, "--references",
       "isotropic,gaussian,mixture,components=3", "--sigmas", "0.1,1,80", "--probes", "20", "--batch", "8", "--seeds",
       "0-9", "--steps", "4", "--out", "compared"},
      {"restore", "--model", "mixture.safetensors", "--degrade", data + ",first=3", "--operator", "pool,factor=2",
       "--samples", "2", "--batch", "2", "--steps", "4", "--out", "restored"},
      {"sweep", "--model", "mixture.safetensors", "--data", data, "--components", "1,4", "--ranks", "8", "--sigmas",
       "0.1,1", "--probes", "20", "--batch", "8", "--out", "swept"},
      {"dynamics", "--models", "mixture.safetensors,gaussian.safetensors", "--data", data, "--references",
       "mean,gaussian", "--sigmas", "0.1,1", "--probes", "20", "--batch", "8", "--out", "dynamics"},
      {"field", "--model", "mixture.safetensors", "--data", data, "--references", "gaussian", "--grid", "4", "--out",
       "field"},
      {"theory", "--model", "mixture.safetensors", "--gaussian", "gaussian.safetensors", "--seeds", "0-9", "--batch",
       "3", "--steps", "4", "--out", "theory"},
      {"deviation", "--model", "mixture.safetensors", "--data", data, "--seeds", "0-9", "--batch", "3", "--steps", "4",
       "--out", "deviation"},
      {"features", "--samples", "samples", "--features", "pixels-8x8", "--batch", "3", "--out", "features"},
      {"similarity", "samples", data + ",first=10", "--batch", "3", "--out", "similarity"},
      {"quality", "--samples", "samples", "--reference", data, "--features", "pixels-8x8", "--batch", "3",
       "--bootstrap", "4", "--out", "quality"},
      {"likelihood", "--model", "mixture.safetensors", "--data", data, "--count", "10", "--batch", "3", "--trace",
       "hutchinson,probes=2", "--solver", "heun,steps=4", "--dequantise", "uniform,draws=2", "--out", "likelihood"},
      {"neighbours", "--samples", "samples", "--data", data, "--out", "neighbours"},
      {"modes", "--data", data, "--bandwidth", "2,20", "--from", "samples", "--batch", "4", "--out", "modes"},
      {"jump", "--model", "mixture.safetensors", "--data", data, "--batch", "4", "--seeds", "0-9", "--steps", "3",
       "--out", "jumps"},
      {"study",
       "--model",
       "mixture.safetensors",
       "--solvers",
       "euler",
       "heun",
       "--nfe",
       "3,5",
       "--schedules",
       "polynomial",
       "--seeds",
       "0-9",
       "--batch",
       "3",
       "--gaussian",
       "gaussian.safetensors",
       "--teleport-sweep",
       "4",
       "--measure",
       "fd,kid",
       "--data",
       data,
       "--features",
       "pixels-8x8",
       "--out",
       "studied"},
      {"geometry", "--model", "mixture.safetensors", "--data", data, "--seeds", "0-9", "--batch", "3", "--steps", "4",
       "--out", "geometry"}};
  std::vector<std::string> expected;
  for (const int ranks : {1, 2, 3}) {
    for (size_t i = 0; i < commands.size(); ++i) {
      const auto result = run(ranks, commands[i]);
      ASSERT_EQ(result.exit_code, 0) << result.err;
      std::string words = result.out;
      if (const auto json = nlohmann::json::parse(words, nullptr, false); json.is_object()) {
        auto untimed = json;
        for (const char* time : {"seconds", "seconds_per_sample", "out"}) untimed.erase(time);
        words = untimed.dump();
      } else {
        words = words.substr(0, words.find('\n'));  // without the path
      }
      if (ranks == 1) expected.push_back(words);
      EXPECT_EQ(words, expected[i]) << ranks << " ranks";
    }
    EXPECT_EQ(files_of(home(ranks)), files_of(home(1))) << ranks << " ranks";
  }
  EXPECT_GE(files_of(home(1)).size(), 9u);
}

TEST_F(Ranks, SayTheirMistakeOnceAndLeaveNothing) {
  struct Row {
    Words command;
    std::string fragment;
    int code;
  };
  const std::vector<Row> rows = {
      {{"schedule", "ablate", "--model", "delta:rings,count=50", "--out", "s"}, "2 were started together", 2},
      {{"fit", "gaussian", "--data", "rings,count=50", "--out", "no/where.safetensors"}, "no/where.safetensors", 5},
      {{"sample", "--model", "delta:rings,count=50", "--seeds", "0-3", "--churn", "five", "--out", "s"}, "churn", 2},
      {{"compare", "--model", "delta:rings,count=50", "--out", "s", "--references", "gausian"}, "gaussian", 2}};
  for (const auto& row : rows) {
    const auto result = run(2, row.command);
    EXPECT_EQ(result.exit_code, row.code) << result.err;
    const size_t first = result.err.find("error:");
    ASSERT_NE(first, std::string::npos) << result.err;
    EXPECT_NE(result.err.find(row.fragment, first), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("error:", first + 1), std::string::npos) << result.err;
    EXPECT_TRUE(files_of(home(2)).empty()) << row.fragment;
  }
}

// Listening TCP sockets of `process` that another machine could reach: lines of /proc/net/tcp and tcp6.
std::vector<std::string> sockets_for_others(int process) {
  std::set<std::string> owned;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd")) {
    std::error_code gone;
    const std::string to = fs::read_symlink(entry.path(), gone).string();
    if (to.starts_with("socket:[")) owned.insert(to.substr(8, to.size() - 9));
  }
  std::vector<std::string> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string number, local, remote, state, skip, inode;
      fields >> number >> local >> remote >> state >> skip >> skip >> skip >> skip >> skip >> inode;
      const bool loopback = local.starts_with("0100007F:") || local.starts_with("00000000000000000000000001000000:");
      if (state == "0A" && owned.contains(inode) && !loopback) found.push_back(line);
    }
  }
  return found;
}

TEST_F(Ranks, ListenOnNothingThatAnotherMachineReaches) {
  const std::string out = (folder / "long").string();
  const Words command = {
      "sample", "--model", "delta:glyphs,count=500", "--seeds", "0-99999", "--steps", "100", "--threads", "1",
      "--out",  out};
  const auto listening = [&](const Words& environment) {
    test::RunningProgram program(*test::ranks_command(2, command), test::ranks_environment(environment));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto staged = [&] { return fs::directory_iterator(folder.path()) != fs::directory_iterator(); };
    while (!staged() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::vector<std::string> all;
    for (const int process : test::processes_of_ranks(2, out)) {
      EXPECT_GT(process, 0);
      for (const auto& line : sockets_for_others(process)) all.push_back(line);
    }
    program.signal(SIGTERM);
    program.result();
    for (const auto& left : fs::directory_iterator(folder.path())) fs::remove_all(left.path());
    return all;
  };
  EXPECT_EQ(listening({}), Words{});
  EXPECT_NE(listening({"OMPI_MCA_btl=self,vader,tcp"}), Words{})
      << "what the user chose is kept, and this test sees sockets";
}

TEST_F(Ranks, ASignalToOneOfThemEndsAll) {
  const std::string out = (folder / "long").string();
  const Words command = {"sample",    "--model", "delta:glyphs,count=500",
                         "--seeds",   "0-99999", "--steps",
                         "100",       "--batch", "8",
                         "--threads", "1",       "--out",
                         out};
  test::RunningProgram program(*test::ranks_command(2, command), test::ranks_environment());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto staged = [&] { return fs::directory_iterator(folder.path()) != fs::directory_iterator(); };
  while (!staged() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // both sample
  const int process = test::processes_of_ranks(2, out)[1];
  ASSERT_GT(process, 0);
  kill(process, SIGTERM);
  const auto result = program.result();
  EXPECT_EQ(result.exit_code, 7) << result.err;
  EXPECT_NE(result.err.find("rank 1: "), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace farfield
