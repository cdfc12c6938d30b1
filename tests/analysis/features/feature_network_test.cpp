#include <gtest/gtest.h>

#include "analysis/features/feature_input.h"
#include "analysis/features/features.h"
#include "analysis/features/pil_resize.h"
#include "core/error.h"
#include "core/io/file.h"
#include "tests/support/scripted_network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;
using test::save_network;

constexpr const char* kFlat = "def forward(self, x):\n  return x.flatten(1).float()\n";
const std::vector<int64_t> kGrey = {1, 8, 8}, kColour = {3, 8, 8};

torch::Tensor some_images(int64_t count, const std::vector<int64_t>& shape) {
  torch::manual_seed(3);
  return (torch::randn({count, shape[0], shape[1], shape[2]}) * 0.7).clamp(-1, 1);
}

FeatureOptions trusted() {
  FeatureOptions options;
  options.trust = true;
  return options;
}

// What the network of this YAML is shown, as it hands it back.
torch::Tensor shown(const std::string& yaml, const torch::Tensor& images) {
  const test::TempDir folder;
  const auto path = save_network(folder / "n.pt", kFlat, yaml);
  const auto shape = images.sizes().slice(1).vec();
  return (*open_features(path.string(), shape, trusted()))(images);
}

TEST(FeatureNetwork, BytesAreEdms) {
  const torch::Tensor edges =
      torch::tensor({-1.5, -1.0, -1 + 1e-6, 0.0, 0.996, 1.0, 2.0}, torch::kFloat64).view({1, 1, 1, 7});
  const std::vector<int64_t> expected = {0, 0, 0, 128, 254, 255, 255};
  EXPECT_TRUE(image_bytes(edges).flatten().to(torch::kInt64).equal(torch::tensor(expected, torch::kInt64)));
  const torch::Tensor bytes = torch::arange(256, torch::kUInt8).view({1, 1, 16, 16});
  EXPECT_TRUE(image_bytes(bytes.to(torch::kFloat32) / 127.5 - 1).equal(bytes)) << "data of bytes are what they were";
}

TEST(FeatureNetwork, SeesWhatItsContractSays) {
  const torch::Tensor grey = some_images(3, kGrey), bytes = image_bytes(grey);
  EXPECT_TRUE(
      shown("{dtype: uint8, channels: 3}", grey).equal(bytes.expand({-1, 3, -1, -1}).flatten(1).to(torch::kFloat32)));
  EXPECT_TRUE(shown("{dtype: uint8}", grey).equal(bytes.flatten(1).to(torch::kFloat32)));
  const torch::Tensor unit = bytes.to(torch::kFloat32) / 255;
  EXPECT_TRUE(shown("{range: [0, 1]}", grey).equal(unit.flatten(1)));
  const torch::Tensor standard = (unit - 0.25) / 0.5;
  EXPECT_TRUE(shown("{range: [0, 1], channels: 1, mean: [0.25], std: [0.5]}", grey).equal(standard.flatten(1)));
  EXPECT_TRUE(shown("{range: [0, 255], resize: bicubic, size: 12, rounding: bytes}", grey)
                  .equal(resize_bicubic_bytes(bytes, 12).flatten(1).to(torch::kFloat32)));
  EXPECT_TRUE(shown("{range: [0, 255], resize: bicubic, size: 12}", grey)
                  .equal(resize_bicubic(bytes, 12).clamp(0, 255).flatten(1)));
  EXPECT_LT(test::deviation(shown("{quantised: false}", grey), grey.flatten(1)), 1e-6);
}

TEST(FeatureNetwork, PresetsAreContracts) {
  const test::TempDir folder;
  const std::string wide =
      "def forward(self, x, return_features: bool = False):\n  assert return_features\n"
      "  assert x.dtype == 0\n  return torch.ones([x.size(0), 2048])\n";
  const auto inception = save_network(folder / "i.pt", wide).string();
  const auto features = open_features(inception + ",preset=inception-2015-12-05", kGrey, trusted());
  EXPECT_EQ(features->contract().name, "inception-2015-12-05");
  EXPECT_EQ(features->contract().dim, 2048);
  EXPECT_EQ(features->contract().sha256, sha256_file(inception));
  EXPECT_EQ((*features)(some_images(2, kGrey)).sizes(), torch::IntArrayRef({2, 2048}));

  const std::string clean =
      "def forward(self, x):\n  assert x.size(2) == 299\n  return x.mean([2, 3])[:, :1].repeat([1, 2048])\n";
  const auto unrounded = open_features(save_network(folder / "c.pt", clean).string() + ",preset=clean", kColour,
                                       trusted());
  const torch::Tensor images = some_images(2, kColour);
  const torch::Tensor expected = resize_bicubic(image_bytes(images), 299).clamp(0, 255).mean({2, 3}).select(1, 0);
  EXPECT_LT(test::relative_deviation((*unrounded)(images).select(1, 7), expected), 1e-6);

  const std::string dino = "def forward(self, x):\n  assert x.size(3) == 224\n  return x.flatten(1)[:, :1024]\n";
  const auto standard = open_features(save_network(folder / "d.pt", dino).string() + ",preset=dinov2-vitl14", kColour,
                                      trusted());
  const torch::Tensor pixel = resize_bicubic_bytes(image_bytes(images), 224).to(torch::kFloat32)[0][0][0][0] / 255;
  EXPECT_NEAR((*standard)(images)[0][0].item<float>(), (pixel.item<float>() - 0.485f) / 0.229f, 1e-5);
}

TEST(FeatureNetwork, OutputsAreChosen) {
  const test::TempDir folder;
  const std::string pair = "def forward(self, x):\n  return (x.flatten(1), 2 * x.flatten(1))\n";
  const torch::Tensor images = some_images(2, kGrey);
  const auto path = save_network(folder / "p.pt", pair, "{output: 1}").string();
  EXPECT_LT(test::deviation((*open_features(path, kGrey, trusted()))(images), 2 * as_seen(images, true).flatten(1)),
            1e-6);
  const std::string words = "def forward(self, x):\n  return {\"pool\": x.flatten(1), \"maps\": x}\n";
  const auto named = save_network(folder / "w.pt", words, "{output: pool}").string();
  EXPECT_EQ(open_features(named, kGrey, trusted())->contract().dim, 64);
}

// What is wrong with a network is said in one line that names it and the way out.
struct BadNetwork {
  std::string source, yaml, words;
  ExitCode code = ExitCode::kBadFile;
};

TEST(FeatureNetwork, WhatIsWrongIsNamed) {
  const std::vector<BadNetwork> rows = {
      {"def forward(self, x):\n  return (x, x)\n", "{channels: 1}",
       "returns Tuple[Tensor, Tensor]; expected one tensor"},
      {"def forward(self, x):\n  return (x, x)\n", "{output: 2}", "there is no output 2"},
      {"def forward(self, x):\n  return {\"pool\": x}\n", "{output: pol}", "pool"},
      {"def forward(self, x):\n  return 3\n", "{channels: 1}", "it returned int, expected tensors alone"},
      {"def forward(self, x):\n  return x\n", "{channels: 1}",
       "returns [1,1,8,8] for 1 images, expected [images, numbers]"},
      {kFlat, "{dim: 65}", "returns [1,64] for 1 images, expected [1,65]"},
      {"def forward(self, x):\n  return x.flatten(1) / 0.0\n", "{channels: 1}", "NaN or infinite"},
      {"def forward(self, x):\n  return x.flatten(1).long()\n", "{channels: 1}",
       "a result is Long, expected floating point"},
      {"def forward(self, x):\n  return x.mean().view([1, 1]).repeat([3, 1])\n", "{channels: 1}",
       "a row for each of 1 images"},
      {"def forward(self, x):\n  assert x.dtype == 0, 'wants dtype uint8'\n  return x.flatten(1).float()\n",
       "{channels: 1}", "does it want 'dtype: uint8'?"},
      {"def forward(self, x):\n  return torch.conv2d(x, torch.ones([2, 1, 3, 3])).flatten(1)\n", "{dtype: uint8}",
       "does it want 'dtype: float'?"},
      {kFlat, "", "preset=NAME", ExitCode::kUsage},
      {kFlat, "{dtyp: uint8}", "dtyp", ExitCode::kUsage},
      {kFlat, "{dtype: uint8, mean: [1], std: [1], channels: 1}", "mean and std are for dtype: float",
       ExitCode::kUsage},
      {kFlat, "{resize: bicubic}", "needs size", ExitCode::kUsage},
      {kFlat, "{channels: 3, mean: [1], std: [1]}", "channels is 3", ExitCode::kUsage},
  };
  for (const BadNetwork& row : rows) {
    const test::TempDir folder;
    const auto path = save_network(folder / "n.pt", row.source, row.yaml).string();
    const auto error = error_of([&] { open_features(path, kGrey, trusted()); });
    ASSERT_TRUE(error.has_value()) << row.yaml << row.source;
    EXPECT_EQ(error->code(), row.code) << error->what();
    EXPECT_NE(std::string(error->what()).find(row.words), std::string::npos)
        << error->what() << "\n  wanted: " << row.words;
    EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos);
  }
}

TEST(FeatureNetwork, RunsOnlyWithConsent) {
  const test::TempDir folder;
  const auto path = save_network(folder / "n.pt", kFlat, "{channels: 1}").string();
  EXPECT_EQ(error_of([&] { open_features(path, kGrey, {}); })->code(), ExitCode::kTrust);
  EXPECT_NO_THROW(open_features(path + ",sha256=" + sha256_file(path), kGrey, {}));
  EXPECT_EQ(error_of([&] { open_features(path + ",sha256=" + std::string(64, '0'), kGrey, trusted()); })->code(),
            ExitCode::kTrust);
}

TEST(FeatureNetwork, OneThatNeverReturnsIsStopped) {
  const test::TempDir folder;
  const std::string forever = "def forward(self, x):\n  while bool(x.sum() < 1e9):\n    x = x * 1.0\n  return x\n";
  const auto path = save_network(folder / "n.pt", forever, "{channels: 1}").string();
  const auto error = error_of([&] { open_features(path + ",time_limit=1", kGrey, trusted()); });
  EXPECT_NE(std::string(error->what()).find("time_limit=SECONDS"), std::string::npos) << error->what();
}

TEST(FeatureNetwork, ChannelsMustFit) {
  const test::TempDir folder;
  const auto path = save_network(folder / "n.pt", kFlat, "{channels: 1}").string();
  EXPECT_EQ(error_of([&] { open_features(path, kColour, trusted()); })->code(), ExitCode::kUsage);
  EXPECT_EQ(error_of([&] { open_features(path, {2}, trusted()); })->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
