// The jump command as users run it.
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
using JumpWords = std::vector<std::string>;

constexpr const char* kJumpModel = "delta:glyphs,size=8,count=40";

class JumpCommand : public ::testing::Test {
 protected:
  test::ProcessResult jump(const std::string& out, const JumpWords& more) {
    JumpWords words = {"jump", "--seeds", "0-5", "--steps", "4", "--quiet", "--out", (folder / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_farfield(words);
  }
  test::TempDir folder;
};

TEST_F(JumpCommand, writes_a_table_arrays_and_one_page) {
  const auto result = jump("j", {"--model", kJumpModel, "--data", "glyphs,size=8,count=40", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto said = nlohmann::json::parse(result.out);
  EXPECT_EQ(said["report"], (folder / "j/report.html").string());
  const auto lines = split(text_of(folder / "j/jump.csv"), '\n');
  EXPECT_EQ(lines[0].substr(0, 69), "step,sigma,nfe_x,nfe_d,distance_x_mean,distance_x_std,distance_x_low,");
  EXPECT_TRUE(lines[1].starts_with("0,80,0,1,")) << lines[1];
  EXPECT_TRUE(lines[5].starts_with("4,0,7,,")) << lines[5];
  const auto arrays = read_npz(folder / "j/jump.npz");
  EXPECT_EQ(arrays.at("distance_x").sizes(), torch::IntArrayRef({5, 6}));
  EXPECT_EQ(arrays.at("neighbour_d").sizes(), torch::IntArrayRef({4, 6}));
  EXPECT_EQ(arrays.at("strip_denoised").sizes(), torch::IntArrayRef({4, 4, 1, 8, 8}));
  const auto summary = nlohmann::json::parse(text_of(folder / "j/summary.json"));
  EXPECT_EQ(summary["nfe"], 7);
  EXPECT_EQ(summary["trajectories"], 6);
  const auto run = nlohmann::json::parse(text_of(folder / "j/run.json"));
  EXPECT_EQ(run["kind"], "jump");
  EXPECT_EQ(run["headline"], said["headline"]);
  const std::string page = text_of(folder / "j/report.html");
  for (const char* words : {"000 reports 4428 and 26", "jump.npz", "nearest of the data", "<h4>seed 0</h4>"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  // Its own record makes it again.
  JumpWords again = {"jump", "--config", (folder / "j/run.json").string(), "--quiet", "--out", (folder / "k").string()};
  ASSERT_EQ(test::run_farfield(again).exit_code, 0);
  EXPECT_EQ(text_of(folder / "k/jump.csv"), text_of(folder / "j/jump.csv"));
}

TEST_F(JumpCommand, compares_slopes) {
  const auto result = jump("j", {"--model", kJumpModel, "--slopes", "--solver", "lms2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = split(text_of(folder / "j/slopes.csv"), '\n');
  EXPECT_EQ(lines[0], "solver,step,sigma,error_mean,error_std,error_low,error_high");
  ASSERT_EQ(lines.size(), 1u + 6 * 4 + 1);  // the five and the run's own
  EXPECT_TRUE(lines[21].starts_with("lms2,0,80,")) << lines[21];
  EXPECT_EQ(lines[24], "lms2,3,0.002,,,,");
  EXPECT_EQ(read_npz(folder / "j/jump.npz").at("slope_error").sizes(), torch::IntArrayRef({6, 4, 6}));
  EXPECT_NE(text_of(folder / "j/report.html").find("one too many"), std::string::npos);
}

TEST_F(JumpCommand, of_points_has_no_strips) {
  const auto result = jump("j", {"--model", "delta:moons,count=50", "--solver", "ipndm2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_FALSE(read_npz(folder / "j/jump.npz").contains("strip_states"));
  EXPECT_EQ(text_of(folder / "j/report.html").find("<img alt"), std::string::npos);
}

TEST_F(JumpCommand, refuses_with_one_line_and_leaves_nothing_behind) {
  const std::vector<std::pair<JumpWords, std::string>> cases = {
      {{"--solver", "dopri5"}, "chooses its own steps"},
      {{"--solver", "dpmpp_sde"}, "draws noise"},
      {{"--solver", "huen"}, "did you mean 'heun'"},
      {{"--data", "moons,count=9"}, "[1,8,8]"},
      {{"--space", "vpx"}, "unknown space"},
      {{"--class", "1"}, "takes no labels"},
      {{"--sigmas", "80"}, "level"},
  };
  for (const auto& [more, says] : cases) {
    JumpWords words = {"--model", kJumpModel};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = jump("bad", words);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace farfield
