// The command quality, as users run it.
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using QualityWords = std::vector<std::string>;

class QualityCommand : public ::testing::Test {
 protected:
  test::ProcessResult run(QualityWords words, const std::string& out) {
    words.insert(words.end(), {"--out", (folder / out).string()});
    return test::run_farfield(words);
  }
  nlohmann::json summary_of(QualityWords words, const std::string& out) {
    words.insert(words.end(), {"--bootstrap", "3", "--subsets", "2", "--directions", "4"});
    const auto result = run(words, out);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(test::text_of(folder / out / "summary.json"));
  }
  test::TempDir folder;
};

TEST_F(QualityCommand, FeaturesArePrincipalOnesOfAReferenceThatIsLargeEnough) {
  const auto large = summary_of(
      {"quality", "--samples", "glyphs,size=12,count=80,seed=1", "--reference", "glyphs,size=12,count=128"}, "large");
  EXPECT_EQ(large["features"], "pca:64");
  const auto small = summary_of(
      {"quality", "--samples", "glyphs,size=12,count=80,seed=1", "--reference", "glyphs,size=12,count=100"}, "small");
  EXPECT_EQ(small["features"], "pixels");
  EXPECT_FALSE(small["warnings"].empty());
  const std::string page = test::text_of(folder / "large/report.html");
  EXPECT_NE(page.find("pca:64"), std::string::npos);
  EXPECT_EQ(split(test::text_of(folder / "large/quality.csv"), '\n')[0], "measure,block,value,low,high,n");
}

TEST_F(QualityCommand, FilesOfFeaturesAreWorthTheirSamples) {
  const std::string data = "glyphs,size=8,count=60", samples = "glyphs,size=8,count=40,seed=1";
  for (const auto& [text, out] : {std::pair(data, "r"), std::pair(samples, "s")})
    ASSERT_EQ(run({"features", "--data", text, "--features", "pixels-8x8"}, out).exit_code, 0);
  const auto direct = summary_of({"quality", "--samples", samples, "--reference", data, "--features", "pixels-8x8"},
                                 "direct");
  const auto files = summary_of(
      {"quality", "--samples", (folder / "s").string(), "--reference", (folder / "r").string()}, "files");
  EXPECT_EQ(direct["measures"], files["measures"]);
  const auto moments = summary_of({"quality", "--samples", samples, "--reference", (folder / "r/moments.npz").string()},
                                  "moments");
  EXPECT_NEAR(moments["measures"]["fd"]["mean"].get<double>(), direct["measures"]["fd"]["mean"].get<double>(),
              1e-9 * 64);
  EXPECT_FALSE(moments["measures"].contains("precision"));
}

TEST_F(QualityCommand, WhatMisleadsIsSaidOnceAndKept) {
  const auto result = run({"quality", "--samples", "glyphs,size=12,count=20,seed=1", "--reference",
                           "glyphs,size=12,count=100", "--measures", "fd", "--bootstrap", "2"},
                          "q");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("warning: 'glyphs,size=12,count=20,seed=1' has 20 samples for 144 features"),
            std::string::npos)
      << result.err;
  EXPECT_NE(test::text_of(folder / "q/report.html").find("has 20 samples for 144 features"), std::string::npos);
}

TEST_F(QualityCommand, MistakesAreOneLine) {
  const QualityWords start = {"quality", "--samples", "moons,count=20", "--reference"};
  const auto refused = [&](const QualityWords& more, const std::string& fragment) {
    QualityWords words = start;
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run(words, "refused");
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
    EXPECT_FALSE(std::filesystem::exists(folder / "refused.parts"));
  };
  refused({"glyphs,size=8,count=20"}, "samples of one shape are compared");
  refused({"moons,count=20", "--measures", "fid"}, "measure 'fid' is not known");
  refused({"moons,count=20", "--measures", ""}, "no measure is asked for");
  refused({"moons,count=20", "--blocks", "11"}, "a block takes 2 or more");
  refused({"moons,count=1"}, "a reference takes 2 or more");
  refused({"moons,count=20", "--features", "pca:9"}, "pca");
}

TEST_F(QualityCommand, FilesOfOtherFeaturesAreRefusedBeforeAnyAreMade) {
  ASSERT_EQ(run({"features", "--data", "glyphs,size=8,count=20", "--features", "pixels-8x8"}, "r").exit_code, 0);
  const auto result = run({"quality", "--samples", "glyphs,size=8,count=20", "--reference", (folder / "r").string(),
                           "--features", "pixels"},
                          "q");
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "q.parts"));
}

}  // namespace
}  // namespace farfield
