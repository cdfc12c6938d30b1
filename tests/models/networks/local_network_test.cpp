// Networks without attention and without normalisation see a window of the image, and nothing outside it.
#include <utility>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "models/networks/native_model.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kSide = 48, kPixel = 23;  // of the output pixel, in both directions

// Two levels with the fewest blocks.
NetworkConfig two_levels(const std::string& type) {
  NetworkConfig network = NetworkConfig::defaults(type);
  network.img_resolution = kSide;
  network.img_channels = 1;
  network.model_channels = type == "DhariwalUNet" ? 64 : 8;  // 64 channels a head
  network.channel_mult = {1, 1};
  network.num_blocks = 0;
  network.attn_resolutions = {};
  network.innermost_attention = false;
  network.normalisation = "none";
  return network;
}

// |d D(x)_u / dx| [H, W] of the output pixel u = (kPixel, kPixel), in float64, of a network without zero weights.
Tensor sensitivity_of_pixel(const NetworkConfig& config) {
  const auto network = make_network(config, keyed_generator({1}));
  network->to(torch::kFloat64);
  at::Generator generator = keyed_generator({2});
  {
    torch::NoGradGuard no_grad;
    for (Tensor parameter : network->parameters()) parameter.add_(torch::randn(parameter.sizes(), generator), 0.05);
  }
  const Tensor x = torch::randn({1, 1, kSide, kSide}, generator).to(torch::kFloat64).requires_grad_(true);
  const Conditioning conditioning{torch::full({1}, 0.3, torch::kFloat64), {}, {}};
  network->forward(x, conditioning).index({0, 0, kPixel, kPixel}).backward();
  return x.grad()[0][0].abs();
}

// The first and the last row (and column) with an influence.
std::pair<int64_t, int64_t> reach(const Tensor& sensitivity) {
  const auto influenced = [&](int64_t dim) {
    const Tensor at = (sensitivity.sum(dim) > 0).nonzero().flatten();
    return std::pair(at[0].item<int64_t>(), at[-1].item<int64_t>());
  };
  EXPECT_EQ(influenced(0), influenced(1));
  return influenced(0);
}

class LocalNetwork : public testing::TestWithParam<const char*> {};

// By hand, backwards from row 23: the last kernel, block0 and the second kernel of `up` see rows 19 to 27, `up`'s first, behind
// the up-sampling, 18 to 28: rows 9 to 14 of the lower level. block0, in1, in0 and `down` (both kernels lie behind the
// down-sampling) widen by 2 each to 1 to 22: rows 2 to 45 of the upper level, and the first kernel sees 1 to 46.
TEST_P(LocalNetwork, JacobianVanishesOutsideTheReceptiveField) {
  const Tensor sensitivity = sensitivity_of_pixel(two_levels(GetParam()));
  EXPECT_EQ(reach(sensitivity), std::pair(int64_t{1}, int64_t{46}));
  for (const int64_t outside : {0, 47}) {
    EXPECT_EQ(sensitivity.select(0, outside).max().item<double>(), 0);
    EXPECT_EQ(sensitivity.select(1, outside).max().item<double>(), 0);
  }
}

TEST_P(LocalNetwork, AttentionAndNormalisationEachSeeTheWholeImage) {
  NetworkConfig attending = two_levels(GetParam()), normalising = attending, plain = attending;
  attending.innermost_attention = plain.innermost_attention = true;
  normalising.normalisation = plain.normalisation = "group";
  for (const NetworkConfig& config : {attending, normalising, plain}) {
    EXPECT_GT(sensitivity_of_pixel(config).min().item<double>(), 0)
        << config.innermost_attention << config.normalisation;
  }
}

TEST_P(LocalNetwork, HasNoWeightsForWhatItLacks) {
  ModelConfig config;
  config.network = two_levels(GetParam());
  const auto names_of = [&] {
    std::string names;
    const NativeModel model = make_native_model(config, keyed_generator({1}));
    for (const auto& entry : model.network->named_parameters()) names += entry.key() + " ";
    return names;
  };
  const std::string local = names_of();
  EXPECT_EQ(local.find("norm"), std::string::npos) << local;
  EXPECT_EQ(local.find("qkv"), std::string::npos) << local;
  config.network.innermost_attention = true;
  config.network.normalisation = "group";
  EXPECT_NE(names_of().find("norm"), std::string::npos);
  EXPECT_NE(names_of().find("qkv"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Types, LocalNetwork, testing::Values("SongUNet", "DhariwalUNet"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace farfield
