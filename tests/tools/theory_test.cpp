// `farfield theory` through the real program.
#include <algorithm>
#include <cctype>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;
using test::text_of;
using Words = std::vector<std::string>;

class TheoryCommand : public testing::Test {
 protected:
  test::ProcessResult run(Words words) {
    words.insert(words.begin(), "theory");
    words.insert(words.end(), {"--threads", "1", "--quiet"});
    return run_farfield(words, {}, folder_.path().string());
  }
  void expect_refused(const Words& words, const std::string& fragment) {
    const auto result = run(words);
    EXPECT_EQ(result.exit_code, 2) << join(words, " ") << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  }
  // A table's rows as {column: text}.
  std::vector<std::map<std::string, std::string>> table(const std::string& file) {
    std::vector<std::map<std::string, std::string>> rows;
    Words columns;
    for (const std::string& line : split(text_of(folder_ / file), '\n')) {
      if (line.empty()) continue;
      const Words cells = split(line, ',');
      if (columns.empty()) {
        columns = cells;
        continue;
      }
      rows.emplace_back();
      for (size_t i = 0; i < columns.size(); ++i) rows.back()[columns[i]] = i < cells.size() ? cells[i] : "";
    }
    return rows;
  }
  void expect_no_nan(const std::string& out) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / out)) {
      const std::string ending = entry.path().extension().string();
      if (ending != ".csv" && ending != ".json") continue;
      const std::string text = text_of(entry.path());
      for (const char* word : {"nan", "inf"}) {
        for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
          EXPECT_TRUE(at > 0 && std::isalpha(text[at - 1]))
              << entry.path() << " " << text.substr(at > 40 ? at - 40 : 0, 80);
        }
      }
    }
  }

  test::TempDir folder_;
};

TEST_F(TheoryCommand, OfEigenvaluesAloneIsCurvesAndTables) {
  for (const char* process : {"ve", "vp", "ddpm"}) {
    const auto result = run({"--lambda", "100,1,0", "--process", process, "--out", process});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto rows = table(std::string(process) + "/theory.csv");
    EXPECT_GE(rows.size(), 300u);
    EXPECT_EQ(rows[0].at("psi"), "1") << "the first point is the start";
    EXPECT_EQ(rows.back().at("eigenvalue"), "0");
    EXPECT_EQ(rows.back().at("xi_over_root"), "") << "without variance a ratio to its root has no meaning";
    EXPECT_EQ(rows.back().at("xi"), "0");
    EXPECT_EQ(table(std::string(process) + "/emergence.csv").size(), 3u);
    expect_no_nan(process);
    EXPECT_FALSE(std::filesystem::exists(folder_ / process / "rotation.csv"));
  }
  EXPECT_EQ(run({"--lambda", "1", "--out", "ve", "--force"}).exit_code, 0) << "its own output is replaced";
}

TEST_F(TheoryCommand, OfAModelMeasuresTrajectoriesAndPerturbations) {
  const auto result = run({"--model", "gaussian:moons,count=200", "--data", "moons,count=200", "--seeds", "0-7",
                           "--steps", "60", "--perturbed", "3", "--perturb-at", "5,0.5", "--json", "--out", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json::parse(text_of(folder_ / "out/summary.json"));
  EXPECT_NE(json::parse(result.out).at("headline").get<std::string>().find("differs from the Gaussian's law by"),
            std::string::npos);
  EXPECT_LT(summary.at("perturbations").at("mean_deviation").get<double>(), 0.005) << "the model is the Gaussian";
  EXPECT_EQ(summary.at("perturbations").at("trajectories"), 3);
  EXPECT_NEAR(summary.at("model").at("largest_rotation_error").get<double>(),
              summary.at("gaussian").at("largest_rotation_error").get<double>(), 0.005);
  const auto perturbed = table("out/perturbation.csv");
  ASSERT_EQ(perturbed.size(), 4u) << "two components at two levels; points of full rank have no off-manifold direction";
  EXPECT_EQ(perturbed[0].at("component"), "1");
  EXPECT_NEAR(std::stod(perturbed[0].at("along")) / std::stod(perturbed[0].at("theory")), 1, 0.01);
  const auto rotation = table("out/rotation.csv");
  ASSERT_EQ(rotation.size(), 2 * 61u);
  EXPECT_EQ(rotation[0].at("path"), "model");
  EXPECT_EQ(rotation[0].at("x"), rotation[61].at("x")) << "both begin at the same noise";
  EXPECT_EQ(table("out/conserved.csv").size(), 2 * 60u) << "levels with a D";
  EXPECT_EQ(table("out/prediction.csv").size(), 2 * 2 * 60u);
  expect_no_nan("out");
  const auto arrays = read_npz(folder_ / "out/theory.npz");
  EXPECT_EQ(arrays.at("model_share").sizes(), torch::IntArrayRef({8, 61}));
  EXPECT_EQ(arrays.at("perturbation_along").sizes(), torch::IntArrayRef({3, 2, 2}));
  const std::string page = text_of(folder_ / "out/report.html");
  for (const char* file : {"theory.csv", "emergence.csv", "rotation.csv", "conserved.csv", "prediction.csv",
                           "perturbation.csv", "noise_map.csv", "theory.npz", "summary.json"}) {
    EXPECT_NE(page.find(std::string("href=\"./") + file), std::string::npos) << file;
  }
}

TEST_F(TheoryCommand, ABatchChangesRoundingAlone) {
  const Words call = {"--model", "delta:rings,count=60", "--data", "rings,count=60", "--seeds", "0-4", "--steps",
                      "6",       "--perturbed",          "2"};
  for (const char* batch : {"1", "64"}) {
    Words words = call;
    words.insert(words.end(), {"--batch", batch, "--out", std::string("batch") + batch});
    ASSERT_EQ(run(words).exit_code, 0);
  }
  const auto one = read_npz(folder_ / "batch1/theory.npz"), all = read_npz(folder_ / "batch64/theory.npz");
  for (const auto& [name, values] : one) {
    EXPECT_LE(test::deviation(values.nan_to_num(-1), all.at(name).nan_to_num(-1)), 1e-12) << name;
  }
}

TEST_F(TheoryCommand, MistakesLeaveNothingBehind) {
  expect_refused({"--model", "delta:moons,count=9", "--out", "out"}, "give --gaussian F, or --data SRC");
  expect_refused({"--model", "delta:moons,count=9", "--data", "glyphs,size=8,count=9", "--out", "out"},
                 "the Gaussian has 64 dimensions");
  expect_refused({"--lambda", "-1", "--out", "out"}, "eigenvalue -1");
  expect_refused({"--lambda", "1,x", "--out", "out"}, "--lambda");
  expect_refused({"--process", "vpp", "--out", "out"}, "did you mean 'vp'");
  expect_refused({"--space", "edm", "--out", "out"}, "unknown space 'edm'");
  expect_refused({"--data", "moons,count=9", "--components", "3", "--out", "out"}, "components 1 to 2");
  expect_refused(
      {"--model", "delta:moons,count=9", "--data", "moons,count=9", "--solver", "euler_ancestral", "--out", "out"},
      "draws noise");
  expect_refused({"--data", "moons", "--gaussian", "g.safetensors", "--out", "out"}, "--gaussian");
  expect_refused({"--data", "moons,count=9", "--sigmas", "1", "--out", "out"}, "levels");
}

}  // namespace
}  // namespace farfield
