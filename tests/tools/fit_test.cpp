// farfield fit, through the real program.
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "core/io/safetensors.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::run_farfield;

const char* const kData = "glyphs,size=8,count=120";

TEST(FitCommand, WritesAReferenceAndSaysWhatItHolds) {
  const test::TempDir folder;
  const auto file = (folder / "m.safetensors").string();
  const auto result = run_farfield(
      {"fit", "mixture", "--data", kData, "--components", "3", "--rank", "5", "--out", file, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("components"), 3);
  EXPECT_EQ(report.at("rank"), 5);
  EXPECT_EQ(report.at("samples"), 120);
  const auto stored = read_safetensors(file);
  EXPECT_EQ(stored.metadata.at("kind"), "mixture");
  EXPECT_EQ(stored.metadata.at("source"), kData);
  EXPECT_EQ(stored.tensors.at("bases").size(1), 5);

  const auto again = run_farfield(
      {"fit", "mixture", "--data", kData, "--components", "3", "--rank", "5", "--out", file});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find("--force"), std::string::npos) << again.err;
  const auto forced = run_farfield({"fit", "gaussian", "--data", kData, "--out", file, "--force"});
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
  EXPECT_NE(forced.out.find("gaussian"), std::string::npos);
}

TEST(FitCommand, MistakesAreErrorsThatNameThem) {
  const test::TempDir folder;
  const auto file = (folder / "x.safetensors").string();
  struct Row {
    std::vector<std::string> arguments;
    std::string fragment;
  };
  const std::vector<Row> rows = {
      {{"fit"}, "gaussian, mixture"},
      {{"fit", "gaussian", "--data", kData}, "--out"},
      {{"fit", "gaussian", "--data", kData, "--out", file, "--rank", "0"}, "--rank"},
      {{"fit", "gaussian", "--data", kData, "--out", file, "--rank", "65"}, "64"},
      {{"fit", "gaussian", "--data", kData, "--out", file, "--components", "3"}, "--components"},
      {{"fit", "mixture", "--data", kData, "--out", file, "--components", "3", "--per-class"}, "excludes"},
      {{"fit", "mixture", "--data", "moons,count=50", "--out", file, "--per-class"}, "no labels"},
      {{"fit", "mixture", "--data", kData, "--out", file, "--components", "121"}, "121 clusters for 120"},
      {{"fit", "mixture", "--data", "glyfs", "--out", file}, "glyphs"},
  };
  for (const auto& row : rows) {
    const auto result = run_farfield(row.arguments);
    EXPECT_EQ(result.exit_code, 2) << row.fragment << ": " << result.err;
    EXPECT_NE(result.err.find(row.fragment), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(std::filesystem::exists(file)) << row.fragment;
  }
}

TEST(FitCommand, AFolderThatIsNotThereIsAnInputOutputError) {
  const auto result = run_farfield({"fit", "gaussian", "--data", kData, "--out", "/nowhere/at/all.safetensors"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
}

}  // namespace
}  // namespace farfield
