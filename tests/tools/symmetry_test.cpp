// `farfield symmetry` through the real program.
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

TEST(SymmetryCommand, OfTwoPointsSaysWhereTheyPart) {
  const test::TempDir folder;
  const std::string out = (folder / "out").string();
  const auto result = run_farfield({"symmetry", "--levels", "16", "--out", out, "--threads", "1", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("loses its stability at sigma = 1.1892 (alpha = 0.64359, t = 0.2926)"), std::string::npos)
      << result.out;
  const auto summary = json::parse(text_of(folder / "out/summary.json"));
  EXPECT_NEAR(summary.at("critical").at("sigma").get<double>(),
              summary.at("closed_form_critical").at("sigma").get<double>(), 1e-7);
  EXPECT_NEAR(summary.at("closed_form_critical").at("time").get<double>(), 0.29264165, 1e-8);
  const auto arrays = read_npz(folder / "out/symmetry.npz");
  EXPECT_EQ(arrays.at("centre").sizes(), torch::IntArrayRef({16, 1}));
  const std::string page = text_of(folder / "out/report.html");
  for (const char* file : {"fixed_points.csv", "potentials.csv", "symmetry.npz", "summary.json"}) {
    EXPECT_NE(page.find(std::string("href=\"./") + file), std::string::npos) << file;
    const bool is_text = !std::string(file).ends_with(".npz");
    if (is_text) {
      EXPECT_EQ(text_of(folder / "out" / file).find("nan"), std::string::npos) << file;
    }
  }
}

TEST(SymmetryCommand, MistakesLeaveNothingBehind) {
  const test::TempDir folder;
  const std::string out = (folder / "out").string();
  const struct {
    std::vector<std::string> words;
    std::string fragment;
  } rows[] = {{{"--sigma-max", "1", "--sigma-min", "3"}, "they must fall"},
              {{"--class", "2"}, "class 2 asked for"},
              {{"--model", "delta:moons,count=4", "--pair", "2"}, "--pair"},
              {{"--model", "delta:moons,count=4", "--data", "glyphs,size=8,count=9"}, "the Gaussian has 64 dimensions"},
              {{"--potentials", "1,x"}, "--potentials"}};
  for (const auto& row : rows) {
    std::vector<std::string> words = {"symmetry", "--out", out, "--quiet"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    const auto result = run_farfield(words);
    EXPECT_EQ(result.exit_code, 2) << row.fragment << ": " << result.err;
    EXPECT_NE(result.err.find(row.fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

}  // namespace
}  // namespace farfield
