// The schedule command through the real program.
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/text.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;

TEST(ScheduleCommand, lists_levels_that_sample_takes_back) {
  const test::TempDir folder;
  const auto listed = run_farfield({"schedule", "--name", "vp_uniform", "--rho", "2", "--steps", "6", "--plot"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_EQ(listed.out.substr(0, 3), "80\n");
  EXPECT_NE(listed.out.find("# "), std::string::npos) << "the plot stands in comment lines";
  std::ofstream(folder / "levels.txt") << listed.out;
  const std::string file = "file:" + (folder / "levels.txt").string();
  const auto again = run_farfield({"schedule", "--name", file, "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto levels = json::parse(again.out).get<std::vector<double>>();
  ASSERT_EQ(levels.size(), 7u);
  EXPECT_EQ(levels[5], 0.002);
  EXPECT_EQ(levels[6], 0);

  const std::vector<std::string> sample = {"sample", "--model", "isotropic:rings,count=50", "--seeds", "0-1", "--json",
                                           "--schedule"};
  const auto run = [&](const std::vector<std::string>& schedule, const std::string& out) {
    auto command = sample;
    command.insert(command.end(), schedule.begin(), schedule.end());
    command.insert(command.end(), {"--out", (folder / out).string()});
    const auto result = run_farfield(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(read_file(folder / (out + "/run.json"), 1 << 20)).at("sampling").at("levels");
  };
  EXPECT_EQ(run({"vp_uniform", "--rho", "2", "--steps", "6"}, "named"), run({file}, "file"));
  EXPECT_EQ(run({"ays", "--variant", "sdxl", "--steps", "10"}, "ays")[1], 6.3184485287);
}

TEST(ScheduleCommand, the_range_is_drawn_in_to_a_model) {
  const auto result = run_farfield({"schedule", "--name", "ve", "--steps", "2", "--json", "--model",
                                    FARFIELD_SOURCE_DIR "/assets/glyphs.safetensors"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json::parse(result.out).size(), 3u);
}

TEST(ScheduleCommand, mistakes_are_one_line) {
  const struct {
    std::vector<std::string> arguments;
    std::string words;
  } table[] = {
      {{"--name", "vp_unifrom"}, "did you mean 'vp_uniform'"},
      {{"--name", "ve", "--rho", "2"}, "--rho does not apply to the schedule ve"},
      {{"--name", "ays", "--sigma-max", "3"}, "--sigma-max does not apply"},
      {{"--variant", "sd15"}, "--variant does not apply to the schedule polynomial"},
      {{"--name", "iddpm", "--steps", "2000"}, "the same as the one before"},
      {{"--steps", "0"}, "steps is 0"},
      {{"--plot", "--json"}, "--plot"},
  };
  for (const auto& row : table) {
    std::vector<std::string> command = {"schedule"};
    command.insert(command.end(), row.arguments.begin(), row.arguments.end());
    const auto result = run_farfield(command);
    EXPECT_EQ(result.exit_code, 2) << join(row.arguments, " ") << result.err;
    EXPECT_NE(result.err.find(row.words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

}  // namespace
}  // namespace farfield
