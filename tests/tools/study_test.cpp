// `farfield study` and `sample --solver auto` through the real program.
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;

std::vector<std::string> study(const std::string& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"study",     "--model",     "mixture:moons,count=100,components=3",
                                      "--out",     out,           "--nfe",
                                      "4,7",       "--seeds",     "0-3",
                                      "--solvers", "heun",        "--solvers",
                                      "dpmpp_3m",  "--schedules", "polynomial",
                                      "--quiet"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

TEST(StudyCommand, WritesAReportAndAdviceThatSampleTakes) {
  const test::TempDir folder;
  const std::string data = (folder / "gaussian.safetensors").string();
  ASSERT_EQ(run_farfield({"fit", "gaussian", "--data", "moons,count=100", "--out", data}).exit_code, 0);
  const std::string out = (folder / "study").string(), model = data;
  auto command = study(out, {"--gaussian", data, "--teleport", "5", "--schedules", "logsnr"});
  command[2] = model;
  const auto result = run_farfield(command);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("report.html"), std::string::npos);
  for (const char* file : {"report.html", "study.csv", "study.npz", "study.json", "run.json", "schedules.csv"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / "study" / file)) << file;
  }
  const std::string schedules = read_file(folder / "study" / "schedules.csv", 1 << 20);
  for (const char* name : {",polynomial,noise,", ",logsnr,noise,"}) {
    EXPECT_NE(schedules.find(name), std::string::npos) << schedules;
  }
  EXPECT_EQ(schedules.find("teleported"), std::string::npos) << schedules;
  const auto advice = json::parse(read_file(folder / "study" / "study.json", 1 << 20));
  const std::string file = (folder / "study" / "study.json").string();
  const auto sample = [&](const std::vector<std::string>& more, const std::string& name) {
    std::vector<std::string> line = {
        "sample",   "--model", model,   "--seeds", "0-1",     "--json", "--out", (folder / name).string(),
        "--solver", "auto",    "--nfe", "7",       "--study", file};
    line.insert(line.end(), more.begin(), more.end());
    return run_farfield(line);
  };
  const auto plain = sample({}, "plain"), teleported = sample({"--gaussian", data}, "teleported");
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  ASSERT_EQ(teleported.exit_code, 0) << teleported.err;
  EXPECT_EQ(json::parse(plain.out).at("nfe_per_sample"), advice.at("budgets")[1].at("plain").at("nfe"));
  const auto run = json::parse(read_file(folder / "teleported" / "run.json", 1 << 20));
  EXPECT_EQ(run.at("sampling").at("levels_run")[0], 5) << "a Gaussian is solved best by its closed form";
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), advice.at("budgets")[1].at("teleported").at("nfe"));

  const auto refused = [&](const std::vector<std::string>& more, const std::string& words) {
    const auto error = sample(more, "none");
    EXPECT_EQ(error.exit_code, 2) << error.err;
    EXPECT_NE(error.err.find(words), std::string::npos) << error.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  };
  refused({"--steps", "4"}, "chooses schedule, steps and teleport itself");
  refused({"--teleport", "3", "--gaussian", data}, "chooses schedule, steps and teleport itself");
}

TEST(StudyCommand, MistakesLeaveNothingBehind) {
  const test::TempDir folder;
  const std::string out = (folder / "study").string();
  const struct {
    std::vector<std::string> more;
    std::string words;
  } rows[] = {{{"--solvers", "hein"}, "did you mean 'heun'"},
              {{"--schedules", "polinomial"}, "did you mean 'polynomial'"},
              {{"--reference", "heun"}, "no adaptive solver"},
              {{"--teleport", "4"}, "--gaussian"}};
  for (const auto& row : rows) {
    const auto result = run_farfield(study(out, row.more));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(row.words), std::string::npos) << result.err;
    EXPECT_FALSE(std::filesystem::exists(out));
  }
  const auto auto_alone = run_farfield(
      {"sample", "--model", "isotropic:rings,count=50", "--solver", "auto", "--out", out});
  EXPECT_EQ(auto_alone.exit_code, 2);
  EXPECT_NE(auto_alone.err.find("needs --nfe N and --study FILE"), std::string::npos) << auto_alone.err;
}

}  // namespace
}  // namespace farfield
