#include "analysis/features/features.h"

#include <gtest/gtest.h>

#include "analysis/features/feature_input.h"
#include "core/error.h"
#include "core/io/npz.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;

const std::shared_ptr<const DataSource>& glyphs() {
  static const auto data = open_data("glyphs,size=12,count=96");
  return data;
}

torch::Tensor features_of(const std::string& asked, const FeatureOptions& options = {}) {
  return feature_samples(SampleSource(glyphs()), asked, options).features;
}

TEST(Features, PixelsAreTheNumbers) {
  const torch::Tensor rows = glyphs()->rows(0, 96);
  EXPECT_LT(test::deviation(features_of("pixels"), rows.flatten(1)), 1e-6);
  EXPECT_TRUE(features_of("pixels,quantise=no").equal(rows.flatten(1)));
  const auto points = open_data("moons,count=20");
  EXPECT_TRUE(feature_samples(SampleSource(points), "pixels", {}).features.equal(points->rows(0, 20)))
      << "points are no images";
}

TEST(Features, BlocksAreMeans) {
  const torch::Tensor blocks = features_of("pixels-8x8,quantise=no");
  ASSERT_EQ(blocks.sizes(), torch::IntArrayRef({96, 64}));
  const torch::Tensor image = glyphs()->rows(5, 1)[0][0];
  for (const auto& [i, j] : {std::pair<int64_t, int64_t>{0, 0}, {3, 6}, {7, 7}}) {
    const int64_t top = i * 12 / 8, bottom = ((i + 1) * 12 + 7) / 8, left = j * 12 / 8, right = ((j + 1) * 12 + 7) / 8;
    const double mean = image.slice(0, top, bottom).slice(1, left, right).mean().item<double>();
    EXPECT_NEAR(blocks[5][i * 8 + j].item<double>(), mean, 1e-6);
  }
}

TEST(Features, PrincipalComponentsAreThoseOfTheReference) {
  FeatureOptions options;
  options.reference = glyphs();
  const torch::Tensor scores = features_of("pca:6", options);
  ASSERT_EQ(scores.scalar_type(), torch::kFloat64);
  EXPECT_LT(scores.mean(0).abs().max().item<double>(), 1e-12);
  const torch::Tensor covariance = scores.t().matmul(scores) / 96;
  const torch::Tensor pixels = features_of("pixels").to(torch::kFloat64);
  const torch::Tensor centred = pixels - pixels.mean(0);
  const torch::Tensor values =
      std::get<0>(torch::linalg_eigh(centred.t().matmul(centred) / 96)).flip(0).narrow(0, 0, 6);
  EXPECT_LT(test::relative_deviation(covariance, values.diag()), 1e-6) << "uncorrelated, with the leading eigenvalues";
  EXPECT_EQ(error_of([&] { features_of("pca:96", options); })->code(), ExitCode::kUsage);
  const SampleSource array("an array", torch::zeros({3, 1, 12, 12}));
  EXPECT_EQ(error_of([&] { feature_samples(array, "pca:2", {}); })->code(), ExitCode::kUsage) << "no reference";
}

TEST(Features, RandomConvolutionsAreFixed) {
  const torch::Tensor features = features_of("random-conv");
  ASSERT_EQ(features.sizes(), torch::IntArrayRef({96, 128}));
  // What this formula gave when it was written down: files of one machine are compared with those of another.
  const torch::Tensor pinned = torch::tensor({0.1368, 0.0103, 0.3078, 0.4063});
  EXPECT_LT(test::deviation(features[0].narrow(0, 0, 4), pinned), 1e-4);
  EXPECT_NEAR(features.to(torch::kFloat64).sum().item<double>(), 2511.59, 0.01);
  EXPECT_EQ(error_of([] { open_features("random-conv", {1, 7, 8}, {}); })->code(), ExitCode::kUsage);
}

TEST(Features, BatchesChangeRoundingAlone) {
  for (const char* asked : {"pixels", "pixels-8x8", "pca:4", "random-conv"}) {
    const torch::Tensor whole = feature_samples(SampleSource(glyphs()), asked, {}, 96).features;
    EXPECT_LT(test::deviation(feature_samples(SampleSource(glyphs()), asked, {}, 7).features, whole), 1e-5) << asked;
  }
}

TEST(Features, FilesAreGivenAgain) {
  const test::TempDir folder;
  const Featured made = feature_samples(SampleSource(glyphs()), "pixels-8x8", {});
  write_features(folder / "features.npz", made.features, made.contract);
  for (const std::string& text : {folder.path().string(), (folder / "features.npz").string()}) {
    const Featured read = read_featured(text, "", {});
    EXPECT_TRUE(read.features.equal(made.features));
    EXPECT_EQ(read.contract, made.contract);
  }
  EXPECT_NO_THROW(read_featured(folder.path().string(), "pixels-8x8", {}));
  const std::string words = error_of([&] { read_featured(folder.path().string(), "pixels", {}); })->what();
  EXPECT_NE(words.find("holds features 'pixels-8x8', not 'pixels'"), std::string::npos) << words;
  EXPECT_EQ(error_of([&] { read_featured(folder.path().string(), "pixels-8x8,quantise=no", {}); })->code(),
            ExitCode::kUsage);
}

TEST(Features, FilesOfMomentsAreRead) {
  const test::TempDir folder;
  const Featured made = feature_samples(SampleSource(glyphs()), "pixels-8x8", {});
  write_feature_moments(folder / "moments.npz", made.moments());
  const Featured read = read_featured(folder.path().string(), "", {});
  EXPECT_FALSE(read.has_features());
  EXPECT_EQ(read.count(), 96);
  EXPECT_EQ(read.dim(), 64);
  EXPECT_TRUE(read.moments().covariance.equal(made.moments().covariance));
}

TEST(Features, BadFilesAreNamed) {
  const test::TempDir folder;
  const auto words = [&](const std::map<std::string, torch::Tensor>& arrays) {
    write_npz(folder / "f.npz", arrays);
    const auto error = error_of([&] { read_featured((folder / "f.npz").string(), "", {}); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    return std::string(error->what());
  };
  torch::Tensor features = torch::ones({4, 3});
  EXPECT_NE(words({{"features", features.view({12})}}).find("[N, d]"), std::string::npos);
  EXPECT_NE(words({{"features", features.to(torch::kInt64)}}).find("floating point"), std::string::npos);
  features[2][1] = INFINITY;
  EXPECT_NE(words({{"features", features}}).find("sample 2 are not finite"), std::string::npos);
  const Featured made = feature_samples(SampleSource(glyphs()), "pixels-8x8", {});
  write_features(folder / "g.npz", made.features.narrow(1, 0, 60), made.contract);
  const std::string other = error_of([&] { read_featured((folder / "g.npz").string(), "", {}); })->what();
  EXPECT_NE(other.find("promises features of 64 numbers, the file has 60"), std::string::npos) << other;
  EXPECT_NE(words({{"features", torch::ones({4, 3})}, {"contract", torch::ones({3}, torch::kUInt8)}}).find("contract"),
            std::string::npos);
}

TEST(Features, SamplesThatAreNotFiniteAreNamed) {
  torch::Tensor states = torch::zeros({5, 1, 8, 8});
  states[3][0][2][2] = NAN;
  for (const char* asked : {"pixels", "pixels-8x8", "random-conv"}) {
    const auto error = error_of([&] { feature_samples(SampleSource("an array", states), asked, {}); });
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
    EXPECT_NE(std::string(error->what()).find("sample 3"), std::string::npos);
  }
}

TEST(Features, UnknownFormsAreNamed) {
  for (const char* asked :
       {"pixel", "pca:0", "pca:x", "inception-2015-12-05", "pixels,preset=clean", "pixels,quantise=maybe", ""}) {
    EXPECT_EQ(error_of([&] { open_features(asked, {1, 8, 8}, {}); })->code(), ExitCode::kUsage) << asked;
  }
}

TEST(Features, ContractsSurviveJson) {
  FeatureContract contract;
  contract.name = "clean";
  contract.dim = 2048;
  contract.mean = {0.1, 0.2, 1.0 / 3};
  contract.std = {1, 2, 3};
  contract.arguments = {"return_features"};
  contract.rounding = "none";
  EXPECT_EQ(parse_contract(contract_json(contract), "here"), contract);
  FeatureContract other = contract;
  other.quantised = false;
  EXPECT_EQ(difference(contract, other), "quantised true against false");
  EXPECT_EQ(difference(contract, contract), "");
}

}  // namespace
}  // namespace farfield
