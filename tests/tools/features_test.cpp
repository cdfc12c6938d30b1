// The commands features and similarity, and --features of others, as users run them.
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/scripted_network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::save_network;
using test::text_of;
using FeatureWords = std::vector<std::string>;

constexpr const char* kGlyphs = "glyphs,size=8,count=40";
constexpr const char* kRows = "def forward(self, x):\n  return x.float().mean(3).flatten(1)\n";
constexpr const char* kMaps = "def forward(self, x):\n  return [x, torch.avg_pool2d(x, [2, 2])]\n";

class FeatureCommands : public ::testing::Test {
 protected:
  test::ProcessResult run(FeatureWords words, const std::string& out) {
    words.insert(words.end(), {"--quiet", "--out", (folder / out).string()});
    return test::run_farfield(words);
  }
  void make(const FeatureWords& words, const std::string& out) {
    const auto result = run(words, out);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  // The one line of an error.
  std::string refused(const FeatureWords& words, int code) {
    const auto result = run(words, "refused");
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
    return result.err;
  }
  std::string network(const std::string& name, const std::string& source, const std::string& yaml) {
    return save_network(folder / name, source, yaml).string();
  }
  test::TempDir folder;
};

TEST_F(FeatureCommands, features_go_round) {
  const std::string rows = network("rows.pt", kRows, "{dtype: uint8, dim: 8}");
  make({"features", "--data", kGlyphs, "--features", rows, "--trust"}, "a");
  const auto features = read_npz(folder / "a/features.npz").at("features");
  EXPECT_EQ(features.sizes(), torch::IntArrayRef({40, 8}));
  const auto moments = read_npz(folder / "a/moments.npz");
  EXPECT_EQ(moments.at("n").item<int64_t>(), 40);
  EXPECT_LT(test::relative_deviation(moments.at("mu"), features.to(torch::kFloat64).mean(0)), 1e-12);
  const auto record = nlohmann::json::parse(text_of(folder / "a/run.json"));
  EXPECT_EQ(record["contract"]["dtype"], "uint8");
  EXPECT_EQ(record["contract"]["sha256"], sha256_file(rows));
  const std::string page = text_of(folder / "a/report.html");
  for (const char* words : {"clip(127.5 x + 128, 0, 255), truncated", "moments.npz", "spectrum.csv"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  // A finished file stands for the samples; the features that it was made with may be named again.
  make({"features", "--samples", (folder / "a").string()}, "again");
  EXPECT_TRUE(read_npz(folder / "again/features.npz").at("features").equal(features));
  make({"features", "--samples", (folder / "a/features.npz").string(), "--features", rows}, "named");
  EXPECT_NE(refused({"features", "--samples", (folder / "a").string(), "--features", "pixels"}, 2).find("not 'pixels'"),
            std::string::npos);
  // Parts of the data together are the whole.
  make({"features", "--data", std::string(kGlyphs) + ",first=15", "--features", "pixels"}, "p");
  make({"features", "--data", kGlyphs, "--features", "pixels"}, "w");
  make({"features", "--merge", (folder / "p").string() + "," + (folder / "w/moments.npz").string()}, "m");
  EXPECT_EQ(read_npz(folder / "m/moments.npz").at("n").item<int64_t>(), 55);
  EXPECT_NE(refused({"features", "--merge", (folder / "p").string() + "," + (folder / "a").string()}, 2).find("merged"),
            std::string::npos);
}

TEST_F(FeatureCommands, features_refuse_in_one_line) {
  const std::string rows = network("rows.pt", kRows, "{dtype: uint8, dim: 9}");
  EXPECT_NE(refused({"features", "--data", kGlyphs, "--features", rows}, 8).find("--trust"), std::string::npos);
  EXPECT_NE(refused({"features", "--data", kGlyphs, "--features", rows, "--trust"}, 3).find("expected [1,9]"),
            std::string::npos);
  EXPECT_NE(refused({"features", "--data", kGlyphs}, 2).find("--features"), std::string::npos);
  EXPECT_NE(refused({"features", "--features", "pixels"}, 2).find("one of them"), std::string::npos);
  EXPECT_NE(refused({"features", "--data", "moons,count=8", "--features", "random-conv"}, 2).find("need images"),
            std::string::npos);
  EXPECT_NE(refused({"features", "--data", "moons,count=8", "--features", "clean"}, 2).find("NET.pt,preset=clean"),
            std::string::npos);
}

TEST_F(FeatureCommands, similarity_pairs_by_seed) {
  const std::string maps = network("maps.pt", kMaps, "{channels: 3}");
  make({"sample", "--model", std::string("gaussian:") + kGlyphs, "--seeds", "0-5", "--steps", "4"}, "a");
  make({"sample", "--model", std::string("isotropic:") + kGlyphs, "--seeds", "5,4,3,2,1,0", "--steps", "4"}, "b");
  make({"similarity", (folder / "a").string(), (folder / "b").string(), "--features", maps, "--trust"}, "s");
  const auto arrays = read_npz(folder / "s/similarity.npz");
  EXPECT_EQ(arrays.at("maps").sizes(), torch::IntArrayRef({6, 2}));
  EXPECT_EQ(split(text_of(folder / "s/similarity.csv"), '\n')[0], "pair,a,b,seed,mse,rms,perceptual");
  const std::string page = text_of(folder / "s/report.html");
  for (const char* words : {"The nearest pairs are", "by their seeds", "bicubic (a = -0.5, antialiased) to 224 pixels",
                            "perceptual distance"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  make({"similarity", (folder / "a").string(), (folder / "a").string(), "--features", maps, "--trust", "--no-resize"},
       "t");
  EXPECT_EQ(read_npz(folder / "t/similarity.npz").at("perceptual").abs().max().item<double>(), 0);
  make({"sample", "--model", std::string("isotropic:") + kGlyphs, "--seeds", "1-6", "--steps", "4"}, "c");
  EXPECT_NE(refused({"similarity", (folder / "a").string(), (folder / "c").string()}, 2).find("seed 0"),
            std::string::npos);
}

TEST_F(FeatureCommands, neighbours_are_found_in_features) {
  make({"neighbours", "--samples", kGlyphs, "--data", kGlyphs, "--features", "pca:5", "--k", "2"}, "n");
  const auto found = read_npz(folder / "n/neighbours.npz");
  EXPECT_TRUE(found.at("index").select(1, 0).equal(torch::arange(40, torch::kInt64)));
  EXPECT_EQ(found.at("distance").select(1, 0).abs().max().item<double>(), 0);
  make({"features", "--data", kGlyphs, "--features", "pca:5"}, "f");
  const torch::Tensor features =
      read_npz(folder / "f/features.npz").at("features").to(torch::kFloat32).to(torch::kFloat64);
  torch::Tensor distances = torch::cdist(features, features);
  distances.fill_diagonal_(1e9);
  EXPECT_LT(test::deviation(found.at("distance").select(1, 1), std::get<0>(distances.min(1))), 1e-6);
  EXPECT_NE(text_of(folder / "n/report.html").find("2-norm over 5 features of a sample (pca:5)"), std::string::npos);
}

TEST_F(FeatureCommands, jumps_are_far_from_the_data) {
  make({"jump", "--model", std::string("gaussian:") + kGlyphs, "--data", kGlyphs, "--features", "pca:4", "--seeds",
        "0-63", "--steps", "4"},
       "j");
  const auto arrays = read_npz(folder / "j/jump.npz");
  const torch::Tensor x = arrays.at("frechet_x"), d = arrays.at("frechet_d");
  ASSERT_EQ(x.sizes(), torch::IntArrayRef({5}));
  ASSERT_EQ(d.sizes(), torch::IntArrayRef({4}));
  EXPECT_GT(x[0].item<double>(), x[4].item<double>())
      << "noise is farther from the data than samples of their Gaussian";
  const auto lines = split(text_of(folder / "j/jump.csv"), '\n');
  EXPECT_TRUE(lines[0].ends_with(",frechet_x,frechet_d")) << lines[0];
  EXPECT_NE(text_of(folder / "j/report.html").find("Fréchet distance from the data"), std::string::npos);
  EXPECT_NE(
      refused({"jump", "--model", std::string("gaussian:") + kGlyphs, "--seeds", "0-1", "--features", "pixels"}, 2)
          .find("--data"),
      std::string::npos);
}

TEST_F(FeatureCommands, compare_holds_ends_to_a_network) {
  const std::string maps = network("maps.pt", kMaps, "{quantised: false, normalise: false}");
  const std::string first_map = network("first.pt", "def forward(self, x):\n  return [x]\n",
                                        "{quantised: false, normalise: false}");
  const FeatureWords call = {"compare",
                             "--model",
                             std::string("delta:") + kGlyphs,
                             "--data",
                             kGlyphs,
                             "--references",
                             "isotropic,gaussian",
                             "--sigmas",
                             "1",
                             "--probes",
                             "4",
                             "--seeds",
                             "0-4",
                             "--steps",
                             "4",
                             "--no-resize",
                             "--trust",
                             "--features"};
  FeatureWords identity = call;
  identity.push_back(first_map);
  make(identity, "c");
  const auto arrays = read_npz(folder / "c/trajectory.npz");
  const torch::Tensor samples = arrays.at("samples");
  const torch::Tensor mse = (samples.slice(0, 1) - samples[0]).to(torch::kFloat64).square().flatten(2).mean(2);
  EXPECT_LT(test::deviation(arrays.at("perceptual"), mse), 1e-6);
  EXPECT_TRUE(text_of(folder / "c/perceptual.csv").starts_with("reference,samples,perceptual_mean,perceptual_std,"));
  EXPECT_NE(text_of(folder / "c/report.html").find("To the perceptual network"), std::string::npos);
  FeatureWords pixels = call;
  pixels.push_back("pixels");
  EXPECT_NE(refused(pixels, 2).find("needs a network"), std::string::npos);
}

}  // namespace
}  // namespace farfield
