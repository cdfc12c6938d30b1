// The gradient of the training loss by its input and by every parameter of every network, dropout and attention among
// them, against finite differences, in float64.
#include <cmath>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "models/networks/native_model.h"
#include "models/networks/preconditioned_network.h"
#include "train/loss.h"

namespace farfield {
namespace {

NetworkConfig small(const std::string& type) {
  NetworkConfig network = NetworkConfig::defaults(type);
  network.img_resolution = type == "PointMlp" ? 1 : 4;
  network.img_channels = 2;
  network.label_dim = 3;
  network.augment_dim = type == "PointMlp" ? 0 : 9;
  network.model_channels = type == "DhariwalUNet" ? 32 : 16;  // 64 channels a head, on the second level
  network.num_blocks = 1;
  network.dropout = 0.2;
  if (type == "PointMlp") return network;
  network.channel_mult = {1, 2};
  network.attn_resolutions = {2};
  return network;
}

NetworkConfig ncsnpp() {
  NetworkConfig network = small("SongUNet");
  network.embedding_type = "fourier";
  network.channel_mult_noise = 2;
  network.encoder_type = "residual";
  network.resample_filter = {1, 3, 3, 1};
  return network;
}

NetworkConfig skipping() {
  NetworkConfig network = small("SongUNet");
  network.encoder_type = network.decoder_type = "skip";
  return network;
}

NetworkConfig local(const std::string& type) {
  NetworkConfig network = small(type);
  network.innermost_attention = false;
  network.normalisation = "none";
  return network;
}

NetworkConfig named(const std::string& name) {
  if (name == "Local") return local("SongUNet");
  if (name == "LocalADM") return local("DhariwalUNet");
  if (name == "NCSNpp") return ncsnpp();
  if (name == "Skip") return skipping();
  return small(name == "DDPMpp" ? "SongUNet" : name == "ADM" ? "DhariwalUNet" : name);
}

class Gradients : public testing::TestWithParam<std::string> {};

TEST_P(Gradients, AgreeWithFiniteDifferences) {
  torch::manual_seed(0);
  ModelConfig config;
  config.network = named(GetParam());
  const NativeModel model = make_native_model(config, keyed_generator({1}));
  model.network->to(torch::kFloat64);
  PreconditionedNetwork denoiser{model.network, make_preconditioning("edm", 0.5), torch::kFloat64};
  {
    torch::NoGradGuard no_grad;  // away from EDM's zero initialisation, where most gradients vanish
    for (auto& parameter : model.network->parameters()) parameter.add_(torch::randn_like(parameter), 0.05);
  }
  std::vector<int64_t> shape = config.network.sample_shape();
  shape.insert(shape.begin(), 3);
  const auto options = torch::TensorOptions(torch::kFloat64);
  const auto clean = torch::randn(shape, options) * 0.5, noise = torch::randn(shape, options);
  const auto sigma = torch::tensor({0.1, 0.7, 4.0}, options);
  std::vector<int64_t> per_sample(shape.size(), 1);
  per_sample[0] = 3;
  Conditioning conditioning;
  conditioning.class_labels = torch::eye(3, options);
  if (config.network.augment_dim > 0) conditioning.augment_labels = torch::randn({3, 9}, options);
  const auto weight = make_loss_weight("edm", 0.5)(sigma);
  const auto noisy = (clean + noise * sigma.view(per_sample)).requires_grad_(true);
  const auto loss = [&] {
    DropoutStream dropout(3, torch::arange(3));  // the same masks every time
    return weighted_error(denoiser(noisy, sigma, conditioning, &dropout), clean, weight).sum();
  };
  loss().backward();

  torch::NoGradGuard no_grad;
  int checked = 0;
  auto inputs = model.network->named_parameters();
  inputs.insert("x", noisy);
  for (auto& item : inputs) {
    auto parameter = item.value();
    const auto direction = torch::randn_like(parameter);
    constexpr double kStep = 1e-5;
    parameter.add_(direction, kStep);
    const double above = loss().item<double>();
    parameter.add_(direction, -2 * kStep);
    const double below = loss().item<double>();
    parameter.add_(direction, kStep);
    ASSERT_TRUE(parameter.grad().defined()) << item.key();
    const double expected = (above - below) / (2 * kStep), got = (parameter.grad() * direction).sum().item<double>();
    EXPECT_NEAR(got, expected, 1e-6 * std::abs(expected) + 1e-5) << item.key();
    ++checked;
  }
  EXPECT_GT(checked, 10);
}

INSTANTIATE_TEST_SUITE_P(Networks, Gradients,
                         testing::Values("DDPMpp", "NCSNpp", "Skip", "ADM", "PointMlp", "Local", "LocalADM"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace farfield
