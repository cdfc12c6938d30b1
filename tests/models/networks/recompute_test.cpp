// Networks whose blocks run again in the backward pass against the same networks that keep everything: bit for bit.
#include "models/networks/recompute.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include "core/math/random.h"
#include "models/networks/native_model.h"
#include "models/networks/preconditioned_network.h"
#include "models/networks/unet_blocks.h"

namespace farfield {
namespace {

using torch::Tensor;

NetworkConfig small_network(const std::string& kind) {
  NetworkConfig network = NetworkConfig::defaults(kind.ends_with("ADM") ? "DhariwalUNet" : "SongUNet");
  network.img_resolution = 8;
  network.img_channels = 2;
  network.label_dim = 3;
  network.augment_dim = 9;
  network.model_channels = kind.ends_with("ADM") ? 64 : 16;  // 64 channels a head
  network.channel_mult = {1, 2};
  network.num_blocks = 2;
  network.attn_resolutions = {4};
  network.dropout = 0.3;
  network.label_dropout = 0.2;
  if (kind == "NCSNpp") {
    network.embedding_type = "fourier";
    network.channel_mult_noise = 2;
    network.encoder_type = "residual";
    network.resample_filter = {1, 3, 3, 1};
  }
  if (kind.starts_with("Local")) {
    network.innermost_attention = false;
    network.normalisation = "none";
  }
  if (kind == "Skip") network.encoder_type = network.decoder_type = "skip";
  return network;
}

// A network without zeros, whose gradients are added to what is there: 0.5 everywhere.
struct Prepared {
  PreconditionedNetwork network;
  std::vector<Tensor> gradients;  // of the parameters, as views of one buffer
};

Prepared prepare(const std::string& kind, torch::ScalarType activations, bool recompute) {
  torch::NoGradGuard no_grad;
  ModelConfig config;
  config.network = small_network(kind);
  auto model = make_native_model(config, keyed_generator({1}));
  at::Generator generator = keyed_generator({2});
  const auto parameters = model.network->parameters();
  int64_t size = 0;
  for (const Tensor& parameter : parameters) size += parameter.numel();
  Tensor flat = torch::full({size}, 0.5);
  Prepared result{{model.network, make_preconditioning("edm", 0.5), activations}, {}};
  if (activations == torch::kBFloat16) result.network.format = torch::MemoryFormat::ChannelsLast;
  int64_t at = 0;
  for (Tensor parameter : parameters) {
    parameter.add_(torch::randn(parameter.sizes(), generator), 0.05);
    result.gradients.push_back(flat.narrow(0, at, parameter.numel()).view(parameter.sizes()));
    parameter.mutable_grad() = result.gradients.back();
    at += parameter.numel();
  }
  if (recompute) recompute_blocks(*model.network);
  return result;
}

// Two forward passes with one stream of masks, then both backward passes. Returns outputs and gradients of the inputs.
std::vector<Tensor> work(const Prepared& prepared) {
  DropoutStream dropout(7, torch::arange(3));
  Conditioning conditioning;
  conditioning.class_labels = torch::eye(3);
  conditioning.augment_labels = torch::randn({3, 9}, keyed_generator({4}));
  const Tensor sigma = torch::tensor({0.1, 0.7, 4.0}, torch::kFloat64);
  std::vector<Tensor> results, losses;
  for (const uint64_t key : {10, 11}) {
    const Tensor x = torch::randn({3, 2, 8, 8}, keyed_generator({key})).requires_grad_(true);
    const Tensor out = prepared.network(x, sigma, conditioning, &dropout);
    losses.push_back((out * torch::randn(out.sizes(), keyed_generator({key, 1}))).sum());
    results.insert(results.end(), {out.detach(), x});
  }
  for (const Tensor& loss : losses) loss.backward();
  for (Tensor& result : results) {
    if (result.requires_grad()) result = result.grad();
  }
  return results;
}

class Recompute : public testing::TestWithParam<std::tuple<std::string, torch::ScalarType>> {};

TEST_P(Recompute, HasTheBitsOfThePlainPass) {
  at::set_num_threads(1);
  const auto [kind, activations] = GetParam();
  const Prepared plain = prepare(kind, activations, false), recomputing = prepare(kind, activations, true);
  const auto expected = work(plain), got = work(recomputing);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(torch::equal(got[i], expected[i])) << i;
  const auto named = recomputing.network.network->named_parameters();
  for (size_t i = 0; i < named.size(); ++i) {
    EXPECT_TRUE(torch::equal(recomputing.gradients[i], plain.gradients[i])) << named[i].key();
    EXPECT_TRUE(named[i].value().grad().is_alias_of(recomputing.gradients[i])) << named[i].key();
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Recompute,
                         testing::Combine(testing::Values("DDPMpp", "NCSNpp", "Skip", "ADM", "Local", "LocalADM"),
                                          testing::Values(torch::kFloat32, torch::kBFloat16)),
                         [](const auto& info) {
                           return std::get<0>(info.param) +
                                  (std::get<1>(info.param) == torch::kFloat32 ? "Fp32" : "Bf16");
                         });

// What autograd keeps of a block: nothing between its output and its inputs.
TEST(Recompute, LeavesNothingInTheGraphButTheInputs) {
  UNetBlockOptions options;
  options.in_channels = options.out_channels = 16;
  options.emb_channels = 8;
  const auto block = std::make_shared<UNetBlock>(options, WeightSource{keyed_generator({1})});
  const Tensor x = torch::randn({2, 16, 4, 4}).requires_grad_(true), emb = torch::randn({2, 8}).requires_grad_(true);
  const auto leads_to_inputs = [&](const Tensor& out) {
    const auto& edges = out.grad_fn()->next_edges();
    return std::all_of(edges.begin(), edges.end(), [&](const auto& edge) {
      return !edge.is_valid() || edge.function == torch::autograd::impl::gradient_edge(x).function ||
             edge.function == torch::autograd::impl::gradient_edge(emb).function;
    });
  };
  EXPECT_FALSE(leads_to_inputs(block->forward(x, emb, nullptr)));
  block->recompute_in_backward();
  EXPECT_TRUE(leads_to_inputs(block->forward(x, emb, nullptr)));
  torch::NoGradGuard no_grad;
  EXPECT_FALSE(block->forward(x, emb, nullptr).requires_grad());
}

}  // namespace
}  // namespace farfield
