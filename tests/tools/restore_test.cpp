// `farfield restore` through the real program.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/npy.h"
#include "core/io/npz.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;
using test::text_of;
using RestoreWords = std::vector<std::string>;

const std::string kGlyphsToRestore = "glyphs,size=8,count=64";

TEST(RestoreCommand, MeasuresRestoresAndIsReadAgain) {
  const test::TempDir folder;
  const std::string out = (folder / "out").string(), again = (folder / "again").string();
  const RestoreWords words = {"restore",
                              "--model",
                              "gaussian:" + kGlyphsToRestore,
                              "--degrade",
                              kGlyphsToRestore + ",first=3",
                              "--operator",
                              "mask,keep=0.5",
                              "--steps",
                              "12",
                              "--out",
                              out,
                              "--json",
                              "--threads",
                              "1"};
  const auto first = run_farfield(words);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_NE(json::parse(first.out).at("headline").get<std::string>().find("PSNR"), std::string::npos);
  const auto arrays = read_npz(folder / "out/restored.npz");
  EXPECT_EQ(arrays.at("restored").sizes(), (std::vector<int64_t>{3, 1, 1, 8, 8}));
  const json record = json::parse(text_of(folder / "out/run.json"));
  EXPECT_EQ(record.at("config").at("method"), "diffpir,compat=no,lambda=1,relax=1,start=noise,xi=1");
  EXPECT_EQ(record.at("result").at("nfe_per_sample"), 12);
  const std::string page = text_of(folder / "out/report.html"), csv = text_of(folder / "out/restored.csv");
  for (const char* file : {"restored.csv", "restored.npz", "measurement.npz", "restored.png"})
    EXPECT_NE(page.find(std::string("href=\"./") + file), std::string::npos) << file;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_EQ(run_farfield(words).exit_code, 2);
  const auto read = run_farfield({"restore", "--model", "gaussian:" + kGlyphsToRestore, "--measurement", out,
                                  "--method", "tweedie", "--solver", "euler", "--steps", "6", "--samples", "2", "--out",
                                  again, "--threads", "1"});
  ASSERT_EQ(read.exit_code, 0) << read.err;
  const json second = json::parse(text_of(folder / "again/run.json"));
  EXPECT_EQ(second.at("config").at("operator"), record.at("config").at("operator"));
  EXPECT_EQ(second.at("config").at("sigma_y"), 0.05);
  EXPECT_GT(second.at("result").at("products_per_sample").get<int64_t>(), 6);
  EXPECT_TRUE(std::filesystem::exists(folder / "again/spread.csv"));
  EXPECT_TRUE(read_npz(folder / "again/restored.npz").contains("posterior_mean"));  // of the model that was fitted here
}

TEST(RestoreCommand, MistakesAreOneLineAndLeaveNothing) {
  const test::TempDir folder, inputs;
  write_npy(inputs / "m.npy", torch::zeros({2, 1, 8, 8}, torch::kFloat64));
  write_npy(inputs / "half.npy", torch::full({8, 8}, 0.5));
  const std::string measured = (inputs / "m.npy").string(), half = (inputs / "half.npy").string();
  const std::string data = kGlyphsToRestore + ",first=2";
  const std::vector<std::pair<RestoreWords, std::string>> rows = {
      {{}, "one of --degrade SRC"},
      {{"--degrade", data, "--measurement", measured}, "one of --degrade SRC"},
      {{"--measurement", measured}, "does not say its operator; name it by --operator"},
      {{"--measurement", measured, "--operator", "identity"}, "does not say its noise; name it by --sigma-y"},
      {{"--measurement", measured, "--operator", "pool,factor=2", "--sigma-y", "0"}, "expected [2,1,4,4]"},
      {{"--degrade", "moons,count=2"}, "expected"},
      {{"--degrade", data, "--operator", "mask,file=" + half}, "other than 0 and 1"},
      {{"--degrade", data, "--operator", "blur"}, "no larger than an image"},
      {{"--degrade", data, "--operator", "blr"}, "did you mean 'blur'"},
      {{"--degrade", data, "--method", "dps_yt,lambda=1e-9"}, "grow without bound up to"},
      {{"--degrade", data, "--method", "dps_gauss", "--sigma-y", "0"}, "divides by sigma_y"},
      {{"--degrade", data, "--solver", "euler"}, "leave --solver out"},
      {{"--degrade", data, "--final", "sigma_min"}, "end above 0"},
      {{"--measurement", measured, "--operator", "identity", "--sigma-y", "1", "--features", "n.pt"},
       "name them by --truth"},
      {{"--degrade", data, "--operator", "script"}, "needs file=FILE.pt"},
      {{"--degrade", data, "--operator", "phase", "--method", "diffpir,start=measurement"}, "needs a linear operator"},
      {{"--degrade", data, "--teleport", "1"}, "guided denoiser"}};
  for (const auto& [more, fragment] : rows) {
    RestoreWords words = {
        "restore",   "--model", "gaussian:" + kGlyphsToRestore, "--out", (folder / "out").string(), "--quiet",
        "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run_farfield(words);
    EXPECT_EQ(result.exit_code, 2) << fragment << ": " << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << fragment;
  }
}

}  // namespace
}  // namespace farfield
