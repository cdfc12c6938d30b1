// `farfield geometry` through the real program.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
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
using test::run_farfield;
using test::text_of;
using Words = std::vector<std::string>;

constexpr const char* kGeometryData = "glyphs,size=8,count=60";

class GeometryCommand : public testing::Test {
 protected:
  test::ProcessResult geometry(const std::string& out, Words words) {
    words.insert(words.begin(), "geometry");
    words.insert(words.end(), {"--threads", "1", "--quiet", "--out", out});
    return run_farfield(words, {}, folder_.path().string());
  }
  std::vector<Words> table(const std::string& file) {
    std::vector<Words> rows;
    for (const std::string& line : split(text_of(folder_ / file), '\n')) {
      if (!line.empty()) rows.push_back(split(line, ','));
    }
    return rows;
  }
  json summary(const std::string& out) { return json::parse(text_of(folder_ / (out + "/summary.json"))); }

  test::TempDir folder_;
};

const std::string kOfData = std::string("delta:") + kGeometryData;

TEST_F(GeometryCommand, writes_tables_arrays_and_one_page) {
  const auto result = geometry(
      "out", {"--model", kOfData, "--data", kGeometryData, "--seeds", "0-5", "--steps", "12", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(json::parse(result.out)["headline"].get<std::string>().find("stray from the straight line"),
            std::string::npos);
  const auto rows = table("out/geometry.csv");
  EXPECT_EQ(join(rows[0], ","),
            "sigma,norm_x_mean,norm_x_std,norm_d_mean,norm_d_std,norm_eps_mean,norm_eps_std,deviation_mean,"
            "deviation_std,distance_mean,distance_std,deviation_d_mean,deviation_d_std,distance_d_mean,distance_d_std,"
            "cos_end_mean,cos_end_std,cos_step_mean,cos_step_std,curvature_mean,curvature_std,torsion_mean,torsion_std,"
            "forward_mean,forward_std");
  ASSERT_EQ(rows.size(), 1u + 13);
  EXPECT_EQ(rows.back()[0], "0.002");
  EXPECT_EQ(rows.back()[3], "");  // no D at the last level
  EXPECT_EQ(table("out/explained.csv")[0], (Words{"k", "mean", "std"}));
  EXPECT_EQ(table("out/explained.csv").size(), 6u);
  EXPECT_EQ(table("out/reconstruction.csv")[0], (Words{"k", "sigma", "error_mean", "error_std"}));
  EXPECT_EQ(table("out/reconstruction.csv").size(), 1u + 5 * 13);
  EXPECT_EQ(table("out/view.csv")[0], (Words{"trajectory", "sigma", "a", "b", "c"}));
  EXPECT_EQ(table("out/view.csv").size(), 1u + 6 * 13);
  EXPECT_EQ(table("out/forward.csv").size(), 501u);
  for (const char* file : {"geometry-exact.csv", "geometry-gaussian.npz", "explained-exact.csv", "curves.csv",
                           "view-gaussian.csv", "reconstruction-exact.csv", "run.json"})
    EXPECT_TRUE(fs::exists(folder_ / "out" / file)) << file;
  EXPECT_FALSE(fs::exists(folder_ / "out.parts"));
  const std::string page = text_of(folder_ / "out/report.html");
  for (const char* words : {"16/4428", "the exact denoiser", "Off the chord", "Curvature turns a trajectory",
                            "One shape for all", "What the denoiser says at the reconstructions"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
}

// X_mean and X_std are numpy's of the arrays, and the model that is the exact denoiser has its measures.
TEST_F(GeometryCommand, tables_are_those_of_the_arrays) {
  ASSERT_EQ(geometry("out", {"--model", kOfData, "--data", kGeometryData, "--seeds", "0-5", "--steps", "12"}).exit_code,
            0);
  const auto arrays = read_npz(folder_ / "out/geometry.npz"), exact = read_npz(folder_ / "out/geometry-exact.npz");
  const auto rows = table("out/geometry.csv");
  for (size_t column = 1; column < rows[0].size(); column += 2) {
    const std::string name = rows[0][column].substr(0, rows[0][column].size() - 5);
    const torch::Tensor values = arrays.at(name);
    ASSERT_EQ(values.sizes(), torch::IntArrayRef({13, 6})) << name;
    for (size_t n = 0; n + 1 < rows.size(); ++n) {
      const torch::Tensor known = values[static_cast<int64_t>(n)].masked_select(
          values[static_cast<int64_t>(n)].isfinite());
      EXPECT_EQ(rows[n + 1][column].empty(), known.numel() == 0) << name << " " << n;
      if (known.numel() == 0) continue;
      const double mean = known.mean().item<double>(), spread = known.std(/*unbiased=*/false).item<double>();
      EXPECT_NEAR(std::stod(rows[n + 1][column]), mean, 1e-12 * (1 + std::fabs(mean))) << name << " " << n;
      EXPECT_NEAR(std::stod(rows[n + 1][column + 1]), spread, 1e-9 * (1 + std::fabs(mean))) << name << " " << n;
    }
    if (name == "forward") continue;
    EXPECT_TRUE(torch::equal(values.nan_to_num(0), exact.at(name).nan_to_num(0))) << name;
  }
  EXPECT_EQ(arrays.at("reconstruction").sizes(), torch::IntArrayRef({5, 13, 6}));
  EXPECT_EQ(arrays.at("component_weights").sizes(), torch::IntArrayRef({4, 13, 6}));
  EXPECT_EQ(arrays.at("strip_denoised").sizes(), torch::IntArrayRef({2, 4, 8, 1, 8, 8}));
  EXPECT_EQ(arrays.at("forward_uniform").sizes(), torch::IntArrayRef({500, 6}));
  const json numbers = summary("out");
  for (const char* name : {"endpoint_distance", "max_mean_deviation", "max_mean_deviation_sigma", "mean_max_deviation",
                           "deviation_ratio"}) {
    EXPECT_TRUE(numbers[name].is_number()) << name;
    EXPECT_TRUE(numbers[std::string(name) + "_d"].is_number()) << name;
  }
  for (const char* name :
       {"min_cos_end", "min_cos_step", "total_turning", "length", "length_over_sigma_sqrt_d", "norm_eps_over_sqrt_d",
        "explained_1", "explained_5", "reconstruction_1d", "reconstruction_5d"})
    EXPECT_TRUE(numbers[name].is_number()) << name;
  EXPECT_NEAR(numbers["length"].get<double>(), arrays.at("length").mean().item<double>(), 1e-9);
  EXPECT_EQ(numbers["zero_chords"], 0);
  EXPECT_EQ(numbers["exact"]["deviation_ratio"], numbers["deviation_ratio"]);
}

// N(m, v I) runs straight in closed form; the same seed twice is the same trajectory twice.
TEST_F(GeometryCommand, straight_paths_and_equal_seeds) {
  ASSERT_EQ(geometry("out", {"--model", "isotropic:moons", "--seeds", "3,3", "--steps", "10"}).exit_code, 0);
  const auto arrays = read_npz(folder_ / "out/geometry.npz");
  EXPECT_LE(arrays.at("deviation").max().item<double>(), 1e-12);
  for (const auto& [name, array] : arrays) {
    if (name == "sigma" || name == "seeds" || array.size(-1) != 2) continue;
    EXPECT_TRUE(torch::equal(array.select(-1, 0).nan_to_num(0), array.select(-1, 1).nan_to_num(0))) << name;
  }
  const json numbers = summary("out");
  EXPECT_TRUE(numbers["explained_1"].is_null());  // there is no plane
  EXPECT_EQ(table("out/explained.csv")[1], (Words{"1", "", ""}));
}

TEST_F(GeometryCommand, every_kind_size_and_few_levels) {
  for (const std::string model : {"delta:moons,count=1", "mixture:moons,count=50,components=2"}) {
    for (const char* steps : {"1", "3"}) {
      const auto result = geometry("out", {"--model", model, "--seeds", "0,0,1", "--steps", steps, "--force", "--final",
                                           std::string(steps) == "1" ? "zero" : "sigma_min"});
      ASSERT_EQ(result.exit_code, 0) << model << " " << steps << result.err;
      for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
        if (entry.path().extension() != ".csv") continue;
        const std::string text = text_of(entry.path());
        EXPECT_EQ(text.find(",nan"), std::string::npos) << entry.path();
        EXPECT_EQ(text.find(",inf"), std::string::npos) << entry.path();
      }
    }
  }
}

TEST_F(GeometryCommand, the_vp_view_scales_states) {
  const Words more = {"--model", "gaussian:moons,count=50", "--seeds", "0-2", "--steps", "8"};
  Words vp = more;
  vp.insert(vp.end(), {"--space", "vp", "--uncentred"});
  ASSERT_EQ(geometry("ve", more).exit_code, 0);
  ASSERT_EQ(geometry("vp", vp).exit_code, 0);
  const auto here = read_npz(folder_ / "ve/geometry.npz"), there = read_npz(folder_ / "vp/geometry.npz");
  const torch::Tensor alpha = 1 / (1 + here.at("sigma").square()).sqrt().unsqueeze(1);
  EXPECT_LE(test::relative_deviation(there.at("norm_x"), here.at("norm_x") * alpha), 1e-12);
  EXPECT_TRUE(torch::equal(there.at("norm_d").nan_to_num(0), here.at("norm_d").nan_to_num(0)));
  EXPECT_EQ(summary("vp")["space"], "vp");
  EXPECT_EQ(summary("vp")["centred"], false);
  EXPECT_EQ(table("vp/geometry.csv")[1][19], "");  // curvature is that of x
}

TEST_F(GeometryCommand, refuses_with_one_line_and_leaves_nothing_behind) {
  const std::vector<std::pair<Words, std::string>> cases = {
      {{"--model", kOfData, "--solver", "euler_ancestral"}, "draws noise"},
      {{"--model", kOfData, "--afs"}, "--afs"},
      {{"--model", kOfData, "--space", "vq"}, "unknown space"},
      {{"--model", kOfData, "--data", "moons"}, "are [2], those of"},
      {{"--model", kOfData, "--steps", "5000"}, "5001 levels, at most 4096"},
      {{"--model", kOfData, "--sigmas", "80"}, "at least 2"},
      {{"--model", kOfData, "--seeds", "x"}, "seeds"},
      {{"--model", kOfData, "--latents", "l.npz", "--sigma-max", "40"}, "they belong to sigma 80"}};
  const auto encoded = run_farfield({"encode", "--model", kOfData, "--data", std::string(kGeometryData) + ",first=2",
                                     "--steps", "3", "--quiet", "--out", "encoded"},
                                    {}, folder_.path().string());
  ASSERT_EQ(encoded.exit_code, 0) << encoded.err;
  fs::copy_file(folder_ / "encoded/latents.npz", folder_ / "l.npz");
  for (const auto& [words, fragment] : cases) {
    const auto result = geometry("out", words);
    EXPECT_EQ(result.exit_code, 2) << join(words, " ") << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "out")) << fragment;
  }
  EXPECT_EQ(geometry("out", {"--model", kOfData, "--latents", "l.npz", "--steps", "4"}).exit_code, 0);
}

}  // namespace
}  // namespace farfield
