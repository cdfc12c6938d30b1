// The calibrate command as users run it.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using test::text_of;
using CalibrateWords = std::vector<std::string>;

class CalibrateCommand : public ::testing::Test {
 protected:
  test::ProcessResult calibrate(const std::string& out, const CalibrateWords& more) {
    CalibrateWords words = {"calibrate", "--seeds", "0-2", "--quiet", "--out", (folder / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_farfield(words);
  }
  test::TempDir folder;
};

TEST_F(CalibrateCommand, finds_the_size_of_a_local_score_and_writes_the_table_that_kinds_read) {
  const std::string data = "glyphs,size=10,count=30";
  const auto result = calibrate("c", {"--model", "els-border:" + data + ",k=7", "--data", data, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto said = nlohmann::json::parse(result.out);
  EXPECT_NE(std::string(said["headline"]).find("of k = 7 has the score of the model best, with a cosine of 1.000"),
            std::string::npos)
      << said["headline"];
  const auto summary = nlohmann::json::parse(text_of(folder / "c/summary.json"));
  EXPECT_EQ(summary["median"], std::vector<int64_t>(20, 7));
  EXPECT_EQ(summary["sizes"], (std::vector<int64_t>{3, 5, 7, 9, 11, 13, 15, 17}));
  const auto arrays = read_npz(folder / "c/calibration.npz");
  EXPECT_EQ(arrays.at("cosine").sizes(), torch::IntArrayRef({20, 3, 8}));
  EXPECT_EQ(arrays.at("cosine").select(2, 2).min().item<double>(), 1);
  const auto lines = split(text_of(folder / "c/calibration.csv"), '\n');
  EXPECT_TRUE(lines[0].starts_with("sigma,size,mode,cosine_3,cosine_5,")) << lines[0];
  const auto run = nlohmann::json::parse(text_of(folder / "c/run.json"));
  EXPECT_EQ(run["kind"], "calibrate");
  const std::string page = text_of(folder / "c/report.html");
  EXPECT_NE(page.find("table.yaml"), std::string::npos);
  // The table is a size of 7 at every level.
  for (const char* model : {",k=7", ",table="}) {
    std::string text = "els-border:" + data + model;
    if (text.ends_with('=')) text += (folder / "c/table.yaml").string();
    const auto sampled = test::run_farfield({"sample", "--model", text, "--seeds", "0-1", "--steps", "3", "--quiet",
                                             "--out", (folder / (text.ends_with("k=7") ? "a" : "b")).string()});
    ASSERT_EQ(sampled.exit_code, 0) << sampled.err;
  }
  EXPECT_TRUE(read_npz(folder / "a/samples.npz").at("x").equal(read_npz(folder / "b/samples.npz").at("x")));
}

TEST_F(CalibrateCommand, refuses_with_one_line_and_leaves_nothing_behind) {
  const std::vector<std::pair<CalibrateWords, std::string>> cases = {
      {{"--reference", "mean"}, "has no patch size"},
      {{"--reference", "ls,k=3"}, "leave k= out"},
      {{"--sizes", "5,3"}, "rise"},
      {{"--sizes", "2"}, "odd side"},
      {{"--by", "angle"}, "there are: cosine, distance"},
      {{"--data", "glyphs,size=9,count=9"}, "give the data it was made for"},
      {{"--data", "moons"}, "needs images"},
      {{"--solver", "dpmpp_sde"}, "draws noise"},
  };
  for (const auto& [more, says] : cases) {
    CalibrateWords words = {"--model", "delta:glyphs,size=8,count=40"};
    if (more[0] != "--data") words.insert(words.end(), {"--data", "glyphs,size=8,count=40"});
    words.insert(words.end(), more.begin(), more.end());
    const auto result = calibrate("bad", words);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace farfield
