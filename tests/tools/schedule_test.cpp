// The schedule command through the real program.
#include <algorithm>
#include <array>
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

  const std::vector<std::string> sample = {"sample", "--model",   "isotropic:rings,count=50", "--seeds", "0-1",
                                           "--json", "--schedule"};
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

TEST(ScheduleCommand, weights_are_a_table_of_steps) {
  const auto table = run_farfield({"schedule", "--steps", "4", "--weights", "--plot"});
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_TRUE(table.out.starts_with("sigma,weight,log_step\n80,0.")) << table.out;
  EXPECT_NE(table.out.find("\n0.002,1,\n# "), std::string::npos) << table.out;
  const auto listed = run_farfield({"schedule", "--name", "logsnr", "--steps", "4", "--weights", "--json"});
  const json rows = json::parse(listed.out);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[3].at("log_step"), nullptr);
  EXPECT_NEAR(rows[0].at("weight").get<double>(), rows[1].at("weight").get<double>(), 1e-12);
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
      {{"--steps", "0"}, "from 1 to 100000"},
      {{"--plot", "--json"}, "--plot"},
      {{"--steps", "6", "search", "--model", "delta:rings", "--out", "x.json"},
       "--steps before the word search or ablate"},
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

class ScheduleSearch : public ::testing::Test {
 protected:
  test::ProcessResult search(const std::vector<std::string>& more,
                             const std::string& model = "isotropic:rings,count=50") {
    std::vector<std::string> command = {"schedule", "search", "--model", model, "--points", "21", "--quiet"};
    if (std::find(more.begin(), more.end(), "--teacher") == more.end())
      command.insert(command.end(), {"--teacher", "heun"});
    command.insert(command.end(), more.begin(), more.end());
    return run_farfield(command);
  }
  std::string in(const std::string& name) const { return (folder / name).string(); }

  test::TempDir folder;
};

TEST_F(ScheduleSearch, one_search_serves_every_number_of_steps) {
  const auto found = search({"--nfe", "3-6", "--seeds", "0-9", "--out", in("gits.json"), "--json"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const auto schedules = json::parse(found.out).at("schedules");
  ASSERT_EQ(schedules.size(), 4u);
  EXPECT_EQ(json::parse(read_file(in("gits.json"), 1 << 20)).at("precision"), "float64") << "on every machine";
  ASSERT_EQ(search({"--nfe", "3-6", "--seeds", "0-9", "--out", in("again.json")}).exit_code, 0);
  EXPECT_EQ(read_file(in("gits.json"), 1 << 20), read_file(in("again.json"), 1 << 20)) << "the same bytes";
  ASSERT_EQ(
      search({"--nfe", "3-6", "--seeds", "0-9", "--out", in("other.json"), "--batch", "3", "--threads", "1"}).exit_code,
      0);
  const auto one = json::parse(read_file(in("gits.json"), 1 << 20)),
             other = json::parse(read_file(in("other.json"), 1 << 20));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(one["schedules"][i]["indices"], other["schedules"][i]["indices"]);

  const auto sample = [&](const std::string& model, const std::vector<std::string>& more) {
    std::vector<std::string> command = {
        "sample",  "--model", model,     "--seeds", "0-3", "--solver", "euler", "--schedule", "gits:" + in("gits.json"),
        "--quiet", "--out",   in("run"), "--force"};
    command.insert(command.end(), more.begin(), more.end());
    return run_farfield(command);
  };
  const std::string model = "isotropic:rings,count=50";
  const auto used = sample(model, {"--steps", "5"});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  const auto run = json::parse(read_file(in("run/run.json"), 1 << 20));
  EXPECT_EQ(run.at("sampling").at("levels"), schedules[2].at("levels"));
  EXPECT_NE(run.at("inputs").dump().find("gits.json"), std::string::npos);

  const struct {
    std::string model;
    std::vector<std::string> more;
    std::string words;
  } mistakes[] = {{"isotropic:rings,count=51", {"--steps", "5"}, "another model"},
                  {model, {"--steps", "9"}, "holds no schedule of 9 steps; it has 3, 4, 5, 6"},
                  {model, {}, "name one with --steps"},
                  {model, {"--steps", "5", "--final", "zero"}, "--final does not apply"}};
  for (const auto& row : mistakes) {
    const auto result = sample(row.model, row.more);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(row.words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST_F(ScheduleSearch, afs_and_the_page) {
  const auto found = search({"--nfe", "3,4", "--seeds", "0-9", "--afs", "--student", "euler", "--out", in("gits.json"),
                             "--report", in("page")});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const auto file = json::parse(read_file(in("gits.json"), 1 << 20));
  EXPECT_EQ(file["schedules"][0]["nfe"], 3);
  EXPECT_EQ(file["schedules"][0]["steps"], 4);
  EXPECT_EQ(file["student"], "euler");
  for (const char* name : {"report.html", "run.json", "costs.csv", "levels.csv", "errors.csv"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / ("page/" + std::string(name)))) << name;
  }
  const auto errors = read_file(in("page/errors.csv"), 1 << 20);
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1 + 2 * 3);
}

TEST_F(ScheduleSearch, a_schedule_a_sample_and_the_printed_gamma_are_on_the_page) {
  const auto found = search({"--nfe", "3,4", "--seeds", "0-9", "--per-sample", "--gamma-form", "printed", "--out",
                             in("gits.json"), "--report", in("page")});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_EQ(json::parse(read_file(in("gits.json"), 1 << 20))["gamma_form"], "printed");
  const auto levels = read_file(in("page/per_sample.csv"), 1 << 20), errors = read_file(in("page/errors.csv"), 1 << 20);
  EXPECT_EQ(std::count(levels.begin(), levels.end(), '\n'), 1 + 4 + 5);
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1 + 2 * 4);
  EXPECT_NE(errors.find("4,per_sample,4,"), std::string::npos) << errors;
  const auto without = search({"--nfe", "3", "--seeds", "0", "--per-sample", "--out", in("other.json")});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(without.err.find("--per-sample shows on the page"), std::string::npos) << without.err;
}

TEST_F(ScheduleSearch, an_ablation_makes_a_page_and_goes_on) {
  const std::vector<std::string> ablate = {"schedule",     "ablate",     "--model",   "isotropic:rings,count=50",
                                           "--vary",       "warmup=2,8", "--repeats", "2",
                                           "--test-seeds", "5",          "--nfe",     "3,4",
                                           "--points",     "21",         "--quiet",   "--out",
                                           in("page")};
  const auto found = run_farfield(ablate);
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_NE(found.out.find("With 4 evaluations the student ends"), std::string::npos) << found.out;
  const auto errors = read_file(in("page/ablation.csv"), 1 << 20), times = read_file(in("page/seconds.csv"), 1 << 20);
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1 + 2 * 2);
  EXPECT_EQ(std::count(times.begin(), times.end(), '\n'), 1 + 2 * 3);
  EXPECT_FALSE(std::filesystem::exists(folder / "page.parts"));
  for (const auto& [option, value, words] :
       std::vector<std::array<std::string, 3>>{{"--vary", "warmup=8,2", "that rise"},
                                               {"--points", "4", "4 evaluations asked for"},
                                               {"--gamma-form", "pritned", "did you mean 'printed'"}}) {
    auto wrong = ablate;
    const auto given = std::ranges::find(wrong, option);
    if (given != wrong.end())
      *(given + 1) = value;
    else
      wrong.insert(wrong.end(), {option, value});
    wrong.push_back("--force");
    const auto refused = run_farfield(wrong);
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_NE(refused.err.find(words), std::string::npos) << refused.err;
  }
}

TEST_F(ScheduleSearch, mistakes_and_signals_leave_no_file) {
  const struct {
    std::vector<std::string> arguments;
    std::string words;
  } table[] = {
      {{"--nfe", "30"}, "21 points give 1 to 20"},
      {{"--nfe", "three"}, "--nfe is 'three'"},
      {{"--metric", "dve"}, "did you mean 'dev'"},
      {{"--gamma", "0"}, "--gamma: got '0'"},
      {{"--student", "euler"}, "--student applies to --afs"},
      {{"--teacher", "huen"}, "did you mean 'heun'"},
      {{"--warmup", "0"}, "--warmup: got '0'"},
      {{"--grid", "ve", "--rho", "3"}, "--rho does not apply"},
      {{"--warmup", "3", "--seeds", "0-3"}, "--seeds"},
  };
  for (const auto& row : table) {
    auto arguments = row.arguments;
    arguments.insert(arguments.end(), {"--out", in("bad.json")});
    const auto result = search(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(row.words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  const auto stopped = test::run_program({"timeout", "--preserve-status", "-s", "INT", "3", FARFIELD_BINARY, "schedule",
                                          "search", "--model", "delta:glyphs", "--teacher", "heun", "--warmup", "4096",
                                          "--quiet", "--out", in("bad.json"), "--report", in("page")});
  EXPECT_EQ(stopped.exit_code, 7) << stopped.err;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "something was left behind";
}

}  // namespace
}  // namespace farfield
