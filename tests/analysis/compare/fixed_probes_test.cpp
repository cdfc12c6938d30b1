// The live probes of a training run and `compare` are two ways to one number.
#include "analysis/compare/fixed_probes.h"

#include <gtest/gtest.h>

#include "analysis/compare/references.h"
#include "core/math/random.h"
#include "models/networks/network_denoiser.h"

namespace farfield {
namespace {

std::shared_ptr<const Denoiser> small_network() {
  ModelConfig config;
  config.network = NetworkConfig::defaults("PointMlp");
  config.network.img_channels = 3;
  config.network.model_channels = 16;
  config.network.num_blocks = 1;
  NativeModel model = make_native_model(config, keyed_generator({1}));
  torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : model.network->parameters())
    parameter.add_(torch::randn(parameter.sizes(), keyed_generator({2})), 0.2);
  return make_network_denoiser(std::move(model), "net", torch::kCPU, Precision::kFp32);
}

TEST(FixedProbes, SayWhatCompareSays) {
  const auto data = std::make_shared<DataSource>("points", torch::randn({90, 3}, keyed_generator({5})) * 0.5,
                                                 torch::Tensor(), 0);
  const auto references =
      open_references({"isotropic", "gaussian", "mixture,components=3", "delta"}, data, {}, 0).subjects;
  const auto network = small_network();
  CompareOptions options;
  options.sigmas = {0.01, 0.2, 1, 30};
  options.probes = 70;
  options.batch = 16;  // the last one is smaller
  options.seed = 8;
  const FixedProbes probes(references, data, options);
  const Comparison comparison = compare({"net", "network", network, {}}, references, data, options);
  const auto expected = summarise(comparison, options.replicates, options.seed);
  for (int look = 0; look < 2; ++look) {
    const auto rows = probes.explained(*network);
    ASSERT_EQ(rows.size(), references.size() * options.sigmas.size());
    for (size_t i = 0; i < rows.size(); ++i) {  // compare's first kind of probes are the data's
      ASSERT_EQ(expected[i].probe, ProbeKind::kData);
      EXPECT_EQ(rows[i].reference, references[expected[i].reference].name);
      EXPECT_EQ(rows[i].sigma, options.sigmas[expected[i].level]);
      const double scale = 1 - expected[i].score.value;  // the ratio that was subtracted
      EXPECT_NEAR(rows[i].explained, expected[i].score.value, 1e-10 * std::max(1.0, std::abs(scale)))
          << rows[i].reference << " " << rows[i].sigma;
    }
  }
}

}  // namespace
}  // namespace farfield
