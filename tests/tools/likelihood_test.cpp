// `farfield likelihood` through the real program.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;
using test::text_of;
using Arguments = std::vector<std::string>;

Arguments likelihood_of(const std::string& out, const Arguments& more) {
  Arguments words = {"likelihood", "--model",        "mixture:moons,count=60,components=3",
                     "--data",     "moons,count=60", "--out",
                     out,          "--threads",      "1",
                     "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(LikelihoodCommand, SaysTheBitsAndWritesWhatItMeasured) {
  const test::TempDir folder;
  const std::filesystem::path out = folder / "out";
  const Arguments words = likelihood_of(out.string(), {"--against", "moons,count=40,seed=1", "--count", "24",
                                                       "--solver", "dopri5,rtol=1e-8,atol=1e-8", "--json"});
  const auto result = run_farfield(words);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(json::parse(result.out).at("headline").get<std::string>().find("bits per dimension"), std::string::npos);
  const std::string page = text_of(out / "report.html");
  for (const char* file : {"likelihood.csv", "summary.csv", "trace.csv", "histogram.csv", "likelihood.npz"}) {
    EXPECT_NE(page.find(std::string("href=\"./") + file), std::string::npos) << file;
    if (!std::string(file).ends_with(".csv")) continue;
    const std::string csv = text_of(out / file);
    EXPECT_GT(std::count(csv.begin(), csv.end(), '\n'), 4) << file;
    EXPECT_EQ(csv.find("nan"), std::string::npos) << file;
  }
  const auto arrays = read_npz(out / "likelihood.npz");
  ASSERT_EQ(arrays.at("log_prior").sizes(), torch::IntArrayRef({48, 1, 3}));
  EXPECT_EQ(arrays.at("references").sizes(), torch::IntArrayRef({48, 1, 2}));
  const auto by_flow = arrays.at("log_prior").select(2, 2) + arrays.at("integral");
  EXPECT_LE(test::deviation(by_flow, arrays.at("log_density")), 1e-5);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.parts"));
  EXPECT_EQ(run_farfield(words).exit_code, 2);  // it stands
  Arguments again = words;
  again.push_back("--force");
  EXPECT_EQ(run_farfield(again).exit_code, 0);
}

TEST(LikelihoodCommand, WarnsOfBytesThatAreNotDequantised) {
  const test::TempDir folder;
  const auto result = run_farfield({"likelihood", "--model", "gaussian:glyphs,size=8,count=40", "--data",
                                    "glyphs,size=8,count=40", "--dequantise", "none", "--references", "gaussian",
                                    "--count", "2", "--solver", "heun,steps=4", "--out", (folder / "out").string(),
                                    "--threads", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("not dequantised"), std::string::npos) << result.err;
}

TEST(LikelihoodCommand, MistakesLeaveNothingBehind) {
  for (const auto& [more, fragment] : std::vector<std::pair<Arguments, std::string>>{
           {{"--sigma-min", "0"}, "--sigma-min: 0"},
           {{"--sigma-max", "0.001"}, "--sigma-max"},
           {{"--trace", "hutch++,probes=4"}, "multiple of 3"},
           {{"--solver", "hein"}, "did you mean 'heun'"},
           {{"--dequantise", "uniform"}, "no bytes"},
           {{"--against", "glyphs,size=8,count=9"}, "--against: samples of 'glyphs,size=8,count=9' are [1,8,8]"},
           {{"--references", "gaussian1"}, "no density in closed form"},
           {{"--guidance", "2"}, "takes no labels"},
           {{"--class", "1"}, "takes no class labels"}}) {
    const test::TempDir folder;
    const auto result = run_farfield(likelihood_of((folder / "out").string(), more));
    EXPECT_EQ(result.exit_code, 2) << fragment << ": " << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << fragment;
  }
}

}  // namespace
}  // namespace farfield
