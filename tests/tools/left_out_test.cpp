// What a data set holds and a command does not take is said by every command, and recorded.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/image.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::run_farfield;

// Eight grey pictures, a linked folder with four more, and a file in a format that is not read.
class DataSetsWithMore : public testing::Test {
 protected:
  DataSetsWithMore() {
    fs::create_directories(folder_ / "set");
    fs::create_directories(folder_ / "more");
    for (int i = 0; i < 8; ++i) add("set", i);
    for (int i = 8; i < 12; ++i) add("more", i);
    fs::create_directory_symlink("../more", folder_ / "set/more");
    write_file_atomically(folder_ / "set/a.gif", "GIF89a");
  }
  void add(const std::string& where, int i) {
    write_png(folder_ / where / (std::to_string(i) + ".png"),
              (torch::arange(64) * (i + 1) % 251).to(torch::kUInt8).reshape({8, 8}));
  }
  test::ProcessResult run(std::vector<std::string> arguments, const std::string& out) const {
    arguments.insert(arguments.end(), {"--threads", "1"});
    if (!out.empty()) arguments.insert(arguments.end(), {"--out", (folder_ / out).string()});
    const auto result = run_farfield(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string warning = "1 images of a format that is not read ('a.gif')";
    const auto at = result.err.find(warning);
    EXPECT_NE(at, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(warning, at + 1), std::string::npos) << result.err;
    return result;
  }
  json record(const std::string& file) const { return json::parse(read_file(folder_ / file, 1 << 20)); }
  static void expect_named(const json& list) {
    ASSERT_EQ(list.size(), 1u) << list;
    EXPECT_EQ(list[0]["count"], 1);
    EXPECT_EQ(list[0]["first"], json({"a.gif"}));
    EXPECT_TRUE(list[0].contains("why") && list[0].contains("change")) << list;
  }

  test::TempDir folder_;
  const std::string data_ = (folder_ / "set").string();
};

TEST_F(DataSetsWithMore, StatsNameIt) {
  const auto table = run({"data", "stats", data_}, "");
  EXPECT_NE(table.out.find("12 of 1 x 8 x 8"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("not taken         1 images of a format that is not read ('a.gif')"), std::string::npos)
      << table.out;
  expect_named(json::parse(run({"data", "stats", data_, "--json"}, "").out)["left_out"]);
}

TEST_F(DataSetsWithMore, FitNamesIt) {
  expect_named(json::parse(run({"fit", "gaussian", "--data", data_, "--json"}, "g.safetensors").out)["left_out"]);
}

TEST_F(DataSetsWithMore, CompareAndEncodeRecordItAndSayItOnce) {
  run({"compare", "--model", "delta:" + data_, "--data", data_, "--references", "gaussian,delta", "--sigmas", "1",
       "--probes", "4", "--seeds", "0", "--steps", "2"},
      "c");
  expect_named(record("c/run.json")["data_left_out"]);
  run({"encode", "--model", "isotropic:" + data_, "--data", data_ + ",first=2", "--steps", "2"}, "e");
  expect_named(record("e/run.json")["data_left_out"]);
}

TEST_F(DataSetsWithMore, TrainingRecordsIt) {
  run({"train", "--config", std::string(FARFIELD_SOURCE_DIR) + "/configs/train/tiny.yaml", "--set",
       "data.source=" + data_, "--set", "network.label_dim=0", "--set", "network.model_channels=8", "--set",
       "run.batch=4", "--set", "run.images=8", "--set", "run.preview_images=0"},
      "t");
  const auto data = record("t/run.json")["data"];
  EXPECT_EQ(data["count"], 12);
  expect_named(data["left_out"]);
}

}  // namespace
}  // namespace farfield
