// Networks as denoisers: every architecture under every preconditioning.
#include "models/networks/network_denoiser.h"

#include <cmath>

#include "core/io/npz.h"
#include "core/math/random.h"
#include "models/registry/model_registry.h"
#include "tests/models/networks/golden_networks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

ModelConfig small_config(const char* model_type, const char* precond) {
  ModelConfig config;
  config.precond = precond;
  config.network = NetworkConfig::defaults(model_type);
  config.network.model_channels = 16;
  config.network.num_blocks = 1;
  config.network.label_dim = 3;
  if (config.network.sample_shape().size() == 3) {
    config.network.img_resolution = 8;
    config.network.channel_mult = {1, 2};
    config.network.attn_resolutions = {4};
  }
  return config;
}

// Zero-initialised layers would hide most of the network: give every parameter a part.
NativeModel busy_model(const ModelConfig& config) {
  torch::NoGradGuard no_grad;
  NativeModel model = make_native_model(config, keyed_generator({11}));
  at::Generator generator = keyed_generator({12});
  for (Tensor& parameter : model.network->parameters()) {
    parameter.add_(torch::randn(parameter.sizes(), generator), 0.05);
  }
  return model;
}

Tensor noise(const Denoiser& denoiser, int64_t batch, uint64_t key) {
  std::vector<int64_t> shape = denoiser.info().sample_shape;
  shape.insert(shape.begin(), batch);
  return torch::randn(shape, keyed_generator({key}), torch::kFloat64);
}

TEST(NetworkDenoiser, EveryArchitectureIsADenoiserUnderEveryPreconditioning) {
  torch::NoGradGuard no_grad;
  for (const char* type : {"SongUNet", "DhariwalUNet", "PointMlp"}) {
    for (const std::string& precond : preconditioning_names()) {
      SCOPED_TRACE(type + (" " + precond));
      const ModelConfig config = small_config(type, precond.c_str());
      const auto denoiser = make_network_denoiser(busy_model(config), "test", torch::kCPU, Precision::kFp32);
      const double low = std::max(denoiser->info().sigma_min, 1e-4), high = std::min(denoiser->info().sigma_max, 1e3);
      const Tensor x = noise(*denoiser, 7, 1);
      const Tensor labels = torch::eye(3, torch::kFloat64).index({torch::arange(7) % 3});
      const Tensor d = (*denoiser)(x, 1.0, labels);
      EXPECT_EQ(d.scalar_type(), torch::kFloat64);
      for (int64_t i = 0; i < 7; ++i) {  // alone as in the batch
        EXPECT_LE(test::deviation((*denoiser)(x.narrow(0, i, 1), 1.0, labels.narrow(0, i, 1)), d.narrow(0, i, 1)),
                  1e-5);
      }
      EXPECT_GT(test::deviation((*denoiser)(x, 1.0), d), 1e-6);  // labels matter
      const auto sigmas = torch::linspace(std::log(low), std::log(high), 7, torch::kFloat64).exp();
      EXPECT_TRUE((*denoiser)(x, sigmas, labels).isfinite().all().item<bool>());
      EXPECT_LE(test::deviation((*denoiser)(x, low * 1.01), x), 0.2);  // no noise, nothing to remove
    }
  }
}

TEST(NetworkDenoiser, GradientsReachTheInput) {
  const auto denoiser = make_network_denoiser(busy_model(small_config("SongUNet", "edm")), "t", torch::kCPU,
                                              Precision::kFp32);
  const Tensor x = noise(*denoiser, 2, 3).requires_grad_(true);
  (*denoiser)(x, 0.5).sum().backward();
  ASSERT_TRUE(x.grad().defined());
  EXPECT_GT(x.grad().abs().max().item<double>(), 0);
}

TEST(NetworkDenoiser, Bfloat16StaysNearFloat32) {
  torch::NoGradGuard no_grad;
  for (const char* type : {"SongUNet", "DhariwalUNet", "PointMlp"}) {
    const ModelConfig config = small_config(type, "edm");
    const auto exact = make_network_denoiser(busy_model(config), "t", torch::kCPU, Precision::kFp32);
    const auto rounded = make_network_denoiser(busy_model(config), "t", torch::kCPU, Precision::kBf16);
    const Tensor x = noise(*exact, 4, 5);
    const double deviation = test::relative_deviation((*rounded)(x, 0.7), (*exact)(x, 0.7));
    EXPECT_LE(deviation, 2e-2) << type;
    EXPECT_GT(deviation, 1e-6) << type;
  }
}

TEST(NetworkDenoiser, ASharedNetworkIsSeenAsItChanges) {
  torch::NoGradGuard no_grad;
  const ModelConfig config = small_config("SongUNet", "edm");
  const NativeModel model = busy_model(config);
  const auto denoiser = make_network_denoiser({model.network, make_preconditioning("edm")}, config, "live");
  const Tensor x = noise(*denoiser, 1, 6), before = (*denoiser)(x, 1.0);
  for (Tensor& parameter : model.network->parameters()) parameter.mul_(1.5);
  EXPECT_GT(test::deviation((*denoiser)(x, 1.0), before), 1e-4);
}

// From the file to D as every command does it: float64 in, float64 out.
TEST(NetworkDenoiser, GoldenFilesOpenAsTheyAre) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden folder";
  torch::NoGradGuard no_grad;
  ModelOptions options;
  options.device = "cpu";
  options.precision = "fp32";
  int opened = 0;
  const auto index = test::network_index(*golden);
  for (const auto& entry : index.at("networks")) {
    if (!entry.at("unused_tensors").empty() || entry.at("precond") != "EDMPrecond") continue;
    const auto folder = *golden / "networks";
    const auto denoiser = open_model((folder / entry.at("safetensors").get<std::string>()).string(), options);
    const auto io = read_npz(folder / entry.at("io").get<std::string>());
    const Tensor labels = io.contains("labels") ? io.at("labels") : Tensor();
    const Tensor d = (*denoiser)(io.at("x").to(torch::kFloat64), io.at("sigma"), labels);
    EXPECT_EQ(d.scalar_type(), torch::kFloat64);
    EXPECT_LE(test::relative_deviation(d, io.at("D.f32")), 5e-6) << entry.at("name");
    ++opened;
  }
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace farfield
