// Training reaches an optimum that is known: for Gaussian data the best denoiser is linear and its loss is exact.
#include <cmath>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "train/network_settings.h"
#include "train/trainer.h"

namespace farfield {
namespace {

constexpr const char* kOptimumConfig = R"(
data: {source: gaussian}
network: {model_type: PointMlp, model_channels: 32, num_blocks: 2, channel_mult_emb: 2, dropout: 0}
preconditioning: {sigma_data: 0.7}
loss: {stratified: true}
optimiser: {learning_rate: 0.01, rampup_images: 5000, schedule: cosine, decay_images: 128000}
ema: {halflife_images: 10000, ramp_ratio: 0.1}
run: {images: 128000, batch: 256, seed: 1}
)";

// Points with variances 0.9 and 0.04 along axes turned by 0.5.
torch::Tensor mixing() {
  const double c = std::cos(0.5), s = std::sin(0.5);
  return torch::tensor({c * std::sqrt(0.9), s * std::sqrt(0.9), -s * 0.2, c * 0.2}, torch::kFloat64).view({2, 2});
}

TEST(Trainer, ReachesTheOptimumOfAGaussianWithinOnePercent) {
  SampleRandom random(0);
  const auto points = random.normal({1 << 16, 2}, torch::kFloat64).matmul(mixing());
  const auto data = std::make_shared<DataSource>("gaussian", points.to(torch::kFloat32), torch::Tensor(), 0);
  Config config = Config::from_text(kOptimumConfig, "gaussian.yaml");
  TrainOptions options = TrainOptions::from_config(config);
  fit_network_to_data(options, config, data->info());
  Trainer trainer(options, data, torch::kCPU);
  while (trainer.images_seen() < options.run.images) trainer.step();

  // D*(x) = S (S + sigma^2 I)^-1 x with the covariance of the points; its loss at sigma is weight * tr(...) / 2.
  torch::NoGradGuard no_grad;
  const auto centred = points - points.mean(0);
  const auto covariance = centred.t().matmul(centred) / static_cast<double>(points.size(0));
  const auto weight = make_loss_weight("edm", options.sigma_data);
  const auto levels = make_noise_distribution({})((torch::arange(64, torch::kFloat64) + 0.5) / 64);
  double excess = 0, least = 0;
  for (int64_t level = 0; level < 64; ++level) {
    const auto sigma = levels.narrow(0, level, 1);
    const double variance = sigma.square().item<double>(), w = weight(sigma).item<double>();
    const auto gain = covariance.matmul(torch::inverse(covariance + variance * torch::eye(2, torch::kFloat64)));
    const auto clean = points.narrow(0, 0, 2048);
    const auto x = clean + random.normal(clean.sizes(), torch::kFloat64) * sigma;
    const auto best = (x - points.mean(0)).matmul(gain.t()) + points.mean(0);
    const auto learned = trainer.average()(x, sigma.expand({x.size(0)})).to(torch::kFloat64);
    excess += w * (learned - best).square().mean().item<double>();
    least += w * variance * gain.trace().item<double>() / 2;
  }
  EXPECT_LT(excess / least, 0.01);
  RecordProperty("excess_percent", std::to_string(100 * excess / least));  // 0.04 at three times the length
}

}  // namespace
}  // namespace farfield
