// `farfield sweep`, `dynamics` and `field` through the real program.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"
#include "tests/tools/every_command.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;
using test::text_of;
using Arguments = std::vector<std::string>;

void expect_files(const std::filesystem::path& out, const std::vector<std::string>& files) {
  const std::string page = text_of(out / "report.html");
  for (const std::string& file : files) {
    EXPECT_NE(page.find("href=\"./" + file), std::string::npos) << file;
    if (!file.ends_with(".csv")) continue;
    const std::string csv = text_of(out / file);
    EXPECT_GT(std::count(csv.begin(), csv.end(), '\n'), 1) << file;
    EXPECT_EQ(csv.find("nan"), std::string::npos) << file;
    EXPECT_EQ(csv.find("inf"), std::string::npos) << file;
  }
}

// A finished output of the same command is replaced when asked to.
void expect_replaced(Arguments words) {
  EXPECT_EQ(run_farfield(words).exit_code, 2);
  words.push_back("--force");
  const auto again = run_farfield(words);
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

void expect_mistakes(const std::string& command, const Arguments& base,
                     const std::vector<std::pair<Arguments, std::string>>& rows) {
  const test::TempDir folder;
  const std::string out = (folder / "out").string();
  for (const auto& [more, fragment] : rows) {
    Arguments words = {command, "--out", out, "--quiet", "--threads", "1"};
    words.insert(words.end(), base.begin(), base.end());
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run_farfield(words);
    EXPECT_EQ(result.exit_code, 2) << fragment << ": " << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << fragment;
  }
}

const Arguments kMoons = {"--model", "mixture:moons,count=60,components=3", "--data", "moons,count=60"};

TEST(SweepCommand, FindsTheMixtureAndWritesWhatItMeasured) {
  const test::TempDir folder;
  Arguments words = {"sweep",    "--components", "5,1,3,3",  "--ranks", "1",
                     "--sigmas", "0.1,1",        "--probes", "32",      "--threads",
                     "1",        "--quiet",      "--json",   "--out",   (folder / "out").string()};
  words.insert(words.end(), kMoons.begin(), kMoons.end());
  const auto result = run_farfield(words);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto answer = json::parse(result.out);
  EXPECT_NE(answer.at("headline").get<std::string>().find("Of mixtures 3 Gaussians explain best the score"),
            std::string::npos)
      << result.out;
  expect_files(folder / "out", {"sweep.csv", "gain.csv", "minimal_rank.csv", "sweep.npz"});
  const auto arrays = read_npz(folder / "out/sweep.npz");
  EXPECT_EQ(arrays.at("difference").sizes(), torch::IntArrayRef({3, 2, 2, 32}));
  EXPECT_LE(arrays.at("difference")[1][1].max().item<double>(), 1e-20);
  EXPECT_EQ(std::filesystem::exists(folder / "out.parts"), false);
  EXPECT_EQ(std::filesystem::exists(folder / "out.outputs.parts"), false);
  expect_replaced(words);
}

TEST(SweepCommand, MistakesLeaveNothingBehind) {
  expect_mistakes("sweep", kMoons,
                  {{{"--components", "1,61"}, "--components: 61, but 'moons,count=60' has 60 samples"},
                   {{"--ranks", "3"}, "--ranks: 3, but samples of 'moons,count=60' have 2 numbers"},
                   {{"--ranks", "x"}, "--ranks"},
                   {{"--sigmas", "0"}, "sigmas: 0"},
                   {{"--class", "1"}, "takes no class labels"}});
}

TEST(FieldCommand, DrawsAPlaneOfPoints) {
  const test::TempDir folder;
  Arguments words = {"field",
                     "--references",
                     "gaussian,delta",
                     "--anchors",
                     "0,5",
                     "--sigmas",
                     "0.2,1",
                     "--grid",
                     "7",
                     "--threads",
                     "1",
                     "--quiet",
                     "--out",
                     (folder / "out").string()};
  words.insert(words.end(), kMoons.begin(), kMoons.end());
  const auto result = run_farfield(words);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_files(folder / "out", {"field.csv", "field.npz"});
  const auto arrays = read_npz(folder / "out/field.npz");
  EXPECT_EQ(arrays.at("field").sizes(), torch::IntArrayRef({3, 2, 7, 7, 5}));
  EXPECT_EQ(arrays.at("anchors").sizes(), torch::IntArrayRef({2, 2}));
  expect_replaced(words);
}

TEST(FieldCommand, MistakesLeaveNothingBehind) {
  const Arguments images = {"--model", "mean:glyphs,size=8,count=9", "--data", "glyphs,size=8,count=9", "--references",
                            "mean"};
  expect_mistakes("field", images,
                  {{{"--anchors", "0,0,1"}, "--anchors: samples 0, 0, 1 lie on one line"},
                   {{"--anchors", "0,1,9"}, "--anchors: sample 9"},
                   {{"--anchors", "0,first=2,1"}, "places come first"},
                   {{"--anchors", "0,1,x"}, "--anchors"},
                   {{"--run", "here"}, "--run"},
                   {{"--grid", "1"}, "--grid"}});
}

// Every snapshot of a run has the numbers of compare, and those of the probes that watched the training.
TEST(DynamicsCommand, SaysWhatCompareAndTheLiveProbesSay) {
  const test::TempDir folder;
  const std::string data = "glyphs,size=8,count=64";
  test::put(
      folder / "c.yaml",
      "data: {source: '" + data + "'}\n" +
          "network: {model_type: SongUNet, model_channels: 8, channel_mult: [1, 2], num_blocks: 1, attn_resolutions: [4]}\n"
          "probes: {references: 'gaussian,delta', sigmas: [0.2, 2], count: 24, images: 16}\n"
          "run: {images: 48, batch: 8, tick_images: 16, preview_images: 0, snapshot_images: 16, state_images: 16}\n");
  const auto at = [&](const std::string& name) { return (folder / name).string(); };
  const auto trained = run_farfield(
      {"train", "--config", at("c.yaml"), "--out", at("run"), "--precision", "fp32", "--threads", "1", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Arguments measures = {"--data",    data,       "--references", "gaussian,delta", "--sigmas",
                              "0.2,2",     "--probes", "24",           "--precision",    "fp32",
                              "--threads", "1",        "--quiet"};
  const auto run = [&](Arguments words) {
    words.insert(words.end(), measures.begin(), measures.end());
    const auto result = run_farfield(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  run({"dynamics", "--run", at("run"), "--out", at("dynamics")});
  expect_files(folder / "dynamics", {"dynamics.csv", "nearest.csv", "dynamics.npz"});
  const auto arrays = read_npz(folder / "dynamics/dynamics.npz");
  ASSERT_EQ(arrays.at("difference").sizes(), torch::IntArrayRef({3, 2, 2, 24}));
  for (int64_t i = 0; i < 3; ++i) {
    const std::string name = "snapshot-0000000000" + std::to_string(16 * (i + 1));
    run({"compare", "--model", at("run/snapshots/" + name + ".safetensors"), "--seeds", "0", "--steps", "1", "--out",
         at(name)});
    const auto compared = read_npz(folder / name / "comparison.npz");
    EXPECT_TRUE(torch::equal(arrays.at("difference")[i], compared.at("difference")[0])) << i;
    EXPECT_TRUE(torch::equal(arrays.at("model_score")[i], compared.at("model_score")[0])) << i;
  }
  std::ifstream lines(folder / "run/probes.jsonl");
  int64_t looked = 0;
  for (std::string line; std::getline(lines, line);) {
    const json probed = json::parse(line);
    const int64_t place = probed.at("images").get<int64_t>() / 16 - 1;
    if (place < 0) continue;
    for (const auto& row : probed.at("probes")) {
      const int64_t reference = row.at("reference") == "delta", level = row.at("sigma").get<double>() > 1;
      const double apart = arrays.at("difference")[place][reference][level].sum().item<double>();
      const double power = arrays.at("model_score")[place][level].sum().item<double>();
      EXPECT_NEAR(row.at("explained").get<double>(), 1 - apart / power, 1e-6 * (1 + apart / power)) << line;
      ++looked;
    }
  }
  EXPECT_EQ(looked, 3 * 4);
  Arguments again = {"dynamics", "--run", at("run"), "--out", at("dynamics")};
  again.insert(again.end(), measures.begin(), measures.end());
  expect_replaced(again);
}

TEST(DynamicsCommand, MistakesLeaveNothingBehind) {
  const Arguments data = {"--data", "moons,count=20", "--references", "mean"};
  expect_mistakes("dynamics", data,
                  {{{}, "name a training run with --run, or its files with --models"},
                   {{"--models", "mean:moons,count=20", "--class", "0"}, "takes no class labels"},
                   {{"--models", "mean:glyphs,size=8,count=9"}, "those of 'moons,count=20' [2]"}});
}

}  // namespace
}  // namespace farfield
