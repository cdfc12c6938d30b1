// `farfield deviation`, `neighbours` and `modes` through the real program.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using test::text_of;
using Words = std::vector<std::string>;

constexpr const char* kGlyphs = "glyphs,size=8,count=60";

class DeviationCommand : public testing::Test {
 protected:
  test::ProcessResult run(Words words) {
    words.insert(words.end(), {"--threads", "1", "--quiet"});
    return test::run_farfield(words, {}, folder_.path().string());
  }
  void expect_refused(const Words& words, int code, const std::string& fragment) {
    const auto result = run(words);
    EXPECT_EQ(result.exit_code, code) << join(words, " ") << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(fs::is_empty(folder_.path())) << join(words, " ");
  }
  Words lines(const std::string& file) {
    Words all = split(text_of(folder_ / file), '\n');
    if (!all.empty() && all.back().empty()) all.pop_back();
    return all;
  }

  test::TempDir folder_;
};

TEST_F(DeviationCommand, measures_a_model_against_its_data) {
  const auto result = run({"deviation", "--model", std::string("gaussian:") + kGlyphs, "--data", kGlyphs, "--seeds",
                           "0-5", "--steps", "5", "--start", "data", "--json", "--out", "d"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json answer = json::parse(result.out), summary = json::parse(text_of(folder_ / "d/summary.json"));
  EXPECT_NE(answer.at("headline").get<std::string>().find("100 % copies of data"), std::string::npos) << answer;
  EXPECT_EQ(summary.at("trajectories"), 6);
  EXPECT_EQ(summary.at("copies_optimal"), 1.0);
  EXPECT_EQ(summary.at("gain_optimal_fraction"), 1.0);
  EXPECT_GT(summary.at("ratio_max").get<double>(), 0);
  const Words rows = lines("d/deviation.csv");
  ASSERT_EQ(rows.size(), 1u + 6);
  EXPECT_TRUE(rows[0].starts_with("sigma,trajectories,d1_mean,d1_std,d1_low,d1_high,d1_star_mean")) << rows[0];
  EXPECT_TRUE(rows[6].starts_with("0,6,,,,,")) << "no D at the last level: " << rows[6];
  EXPECT_EQ(lines("d/neighbours.csv").size(), 1u + 2 * 6 * 5);
  const auto arrays = read_npz(folder_ / "d/deviation.npz");
  EXPECT_EQ(arrays.at("d1").sizes(), torch::IntArrayRef({6, 6}));  // levels, trajectories
  EXPECT_EQ(arrays.at("index_star").sizes(), torch::IntArrayRef({6, 5}));
  EXPECT_EQ(arrays.at("strip_forward").sizes(), torch::IntArrayRef({4, 5, 1, 8, 8}));
  const std::string page = text_of(folder_ / "d/report.html");
  for (const char* words : {"000 (observation 4)", "assumption A.13", "The exact denoiser averages", "encoded"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  EXPECT_FALSE(fs::exists(folder_ / "d.parts"));
}

TEST_F(DeviationCommand, goes_against_any_reference_by_any_solver_and_bandwidth) {
  for (const Words& more :
       {Words{"--optimal", "gaussian", "--solver", "euler", "--final", "sigma_min"},
        Words{"--bandwidth", "scaled,c=3", "--k", "2"}, Words{"--bandwidth", "none", "--batch", "1"}}) {
    Words words = {"deviation", "--model",        "isotropic:moons,count=40",
                   "--data",    "moons,count=40", "--seeds",
                   "0-2",       "--steps",        "3",
                   "--force",   "--out",          "d"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run(words);
    ASSERT_EQ(result.exit_code, 0) << join(more, " ") << result.err;
    EXPECT_EQ(text_of(folder_ / "d/deviation.csv").find("nan"), std::string::npos);
  }
  EXPECT_EQ(json::parse(text_of(folder_ / "d/summary.json")).at("gain_next_fraction"), nullptr);
}

TEST_F(DeviationCommand, mistakes_leave_nothing_behind) {
  const Words call = {"deviation", "--model", "delta:moons,count=9", "--data", "moons,count=9", "--out", "d"};
  const auto with = [&](const Words& more) {
    Words words = call;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_refused({"deviation", "--model", "delta:moons,count=9", "--out", "d"}, 2, "--data");
  expect_refused({"deviation", "--model", "delta:moons,count=9", "--data", kGlyphs, "--out", "d"}, 2, "[1,8,8]");
  expect_refused(with({"--k", "10"}), 2, "k is 10, expected 1 to 9");
  expect_refused(with({"--start", "dta"}), 2, "did you mean 'data'");
  expect_refused(with({"--start", "data,first=10"}), 2, "first");
  expect_refused(with({"--start", "data,last=1"}), 2, "unknown option 'last'");
  expect_refused(with({"--start", "data", "--seeds", "0-9"}), 2, "10 trajectories");
  expect_refused(with({"--bandwidth", "sgma"}), 2, "did you mean 'sigma'");
  expect_refused(with({"--bandwidth", "-1"}), 2, "--bandwidth");
  expect_refused(with({"--optimal", "gausian"}), 2, "did you mean 'gaussian'");
  expect_refused(with({"--solver", "euler_ancestral"}), 2, "draws noise");
  expect_refused(with({"--solver", "unipc2_bh1"}), 2, "predicted state");
  expect_refused(with({"--sigmas", "1"}), 2, "levels");
}

TEST_F(DeviationCommand, neighbours_of_samples_of_arrays_and_of_data) {
  ASSERT_EQ(run({"sample", "--model", std::string("delta:") + kGlyphs, "--seeds", "0-4", "--steps", "8", "--out", "s"})
                .exit_code,
            0);
  for (const char* samples : {"s", "s/samples.npz", "glyphs,size=8,count=60,first=5"}) {
    const auto result = run(
        {"neighbours", "--samples", samples, "--data", kGlyphs, "--k", "3", "--json", "--force", "--out", "n"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Words rows = lines("n/neighbours.csv");
    ASSERT_EQ(rows.size(), 1u + 5 * 3) << samples;
    EXPECT_EQ(rows[0], "sample,rank,index,label,distance");
    for (size_t i = 1; i < rows.size(); i += 3) {
      EXPECT_TRUE(rows[i].ends_with(",0")) << samples << ": exact samples and data are at distance 0: " << rows[i];
    }
  }
  EXPECT_TRUE(lines("n/neighbours.csv")[4].starts_with("1,1,1,1,")) << "of data: itself, with its label";
  EXPECT_TRUE(fs::exists(folder_ / "n/neighbours.png"));
  EXPECT_EQ(read_npz(folder_ / "n/neighbours.npz").at("index").sizes(), torch::IntArrayRef({5, 3}));
  EXPECT_NE(text_of(folder_ / "n/report.html").find("5 of 5 samples are copies"), std::string::npos);
}

TEST_F(DeviationCommand, neighbours_refuse_what_has_no_answer) {
  expect_refused({"neighbours", "--samples", "moons,count=3", "--data", "moons,count=4", "--k", "5", "--out", "n"}, 2,
                 "k is 5, expected 1 to 4");
  expect_refused({"neighbours", "--samples", "moons", "--data", kGlyphs, "--out", "n"}, 2, "shape [2]");
  expect_refused({"neighbours", "--samples", "nowhere.npz", "--data", "moons", "--out", "n"}, 5, "nowhere.npz");
  expect_refused({"neighbours", "--samples", "moons", "--out", "n"}, 2, "--data");
}

TEST_F(DeviationCommand, modes_are_counted_at_every_bandwidth) {
  const auto result = run({"modes", "--data", "rings,count=50", "--bandwidth", "5,0.001", "--json", "--out", "m"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Words rows = lines("m/modes.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[1].starts_with("0.001,50,1,0,")) << rows[1];
  EXPECT_TRUE(rows[2].starts_with("5,1,50,0,")) << rows[2];
  EXPECT_EQ(lines("m/basins.csv").size(), 1u + 51);
  const auto arrays = read_npz(folder_ / "m/modes.npz");
  EXPECT_EQ(arrays.at("basin").sizes(), torch::IntArrayRef({2, 50}));
  EXPECT_EQ(arrays.at("modes_1").sizes(), torch::IntArrayRef({1, 2}));
  ASSERT_EQ(run({"modes", "--data", "rings,count=50", "--bandwidth", "0.3", "--from", "rings,count=7,seed=1", "--out",
                 "from"})
                .exit_code,
            0);
  EXPECT_EQ(read_npz(folder_ / "from/modes.npz").at("basin").sizes(), torch::IntArrayRef({1, 7}));
}

TEST_F(DeviationCommand, modes_refuse_bad_bandwidths_and_starts) {
  const auto refused = [&](const std::string& bandwidth, const std::string& fragment) {
    expect_refused({"modes", "--data", "rings,count=5", "--bandwidth=" + bandwidth, "--out", "m"}, 2, fragment);
  };
  refused("0", "--bandwidth: 0");
  refused("-1", "--bandwidth");
  refused("1,1", "named twice");
  refused("1:0:3", "LOW:HIGH:COUNT");
  refused("x", "--bandwidth");
  expect_refused({"modes", "--data", "rings,count=5", "--bandwidth", "1", "--from", kGlyphs, "--out", "m"}, 2,
                 "[1,8,8]");
}

}  // namespace
}  // namespace farfield
