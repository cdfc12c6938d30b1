#include "train/flat_parameters.h"

#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "core/math/random.h"
#include "models/networks/network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::shared_ptr<Network> small_network() {
  NetworkConfig config;
  config.img_resolution = 8;
  config.model_channels = 8;
  config.channel_mult = {1, 2};
  config.num_blocks = 1;
  config.attn_resolutions = {4};
  return make_network(config, keyed_generator({1}));
}

TEST(FlatParameters, HoldTheValuesOfTheModuleAndShareItsMemory) {
  const auto network = small_network(), same = small_network();
  FlatParameters flat(*network);
  const auto expected = same->named_parameters();
  for (const auto& item : network->named_parameters()) {
    EXPECT_TRUE(torch::equal(item.value(), expected[item.key()])) << item.key();
  }
  flat.values().fill_(3);
  for (const auto& [name, tensor] : flat.named(flat.values(), "x.")) {
    EXPECT_TRUE((network->named_parameters()[name.substr(2)] == 3).all().item<bool>()) << name;
    EXPECT_EQ(tensor.sizes(), expected[name.substr(2)].sizes()) << name;
  }
}

// Backward then adds a gradient to the buffer without converting it.
TEST(FlatParameters, ConvolutionsAreChannelsLastWeightsAndGradientsAlike) {
  const auto network = small_network();
  FlatParameters flat(*network);
  flat.collect_gradients();
  int convolutions = 0;
  for (const auto& item : network->named_parameters()) {
    const auto& tensor = item.value();
    EXPECT_EQ(tensor.strides(), tensor.grad().strides()) << item.key();
    EXPECT_TRUE(tensor.is_non_overlapping_and_dense()) << item.key();
    if (tensor.dim() != 4) continue;
    EXPECT_TRUE(tensor.is_contiguous(torch::MemoryFormat::ChannelsLast)) << item.key();
    ++convolutions;
  }
  EXPECT_GT(convolutions, 5);
}

TEST(FlatParameters, NamesTheFirstSlotThatIsNotFinite) {
  const auto network = small_network();
  FlatParameters flat(*network);
  EXPECT_EQ(flat.first_not_finite(flat.values()), "");
  const auto& slot = flat.slots().at(5);
  flat.values()[slot.offset + slot.size - 1] = INFINITY;
  EXPECT_EQ(flat.first_not_finite(flat.values()), slot.name);
}

}  // namespace
}  // namespace farfield
