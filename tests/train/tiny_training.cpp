#include "tests/train/tiny_training.h"

#include <ATen/Parallel.h>

#include "core/math/random.h"
#include "core/text.h"
#include "train/network_settings.h"

namespace farfield::test {
namespace {

constexpr const char* kConfig = R"(
data: {source: tiny}
network: {model_type: SongUNet, model_channels: 8, channel_mult: [1, 2], num_blocks: 1, attn_resolutions: [],
          dropout: 0.2, label_dropout: 0.2}
augment: {xflip: true}
optimiser: {learning_rate: 0.01, rampup_images: 24}
ema: {halflife_images: 12, ramp_ratio: 0.5}
run: {images: 60, batch: 6, micro_batch: 3, tick_images: 12, snapshot_images: 24, state_images: 18,
      preview_images: 0, seed: 5, precision: fp32}
)";

// A learning rate beyond what a config may ask for: steps that must fail.
constexpr std::string_view kBeyond = "beyond.learning_rate=";

}  // namespace

std::shared_ptr<const DataSource> tiny_data(int64_t seed) {
  at::set_num_threads(1);  // tiny tensors: a second thread only waits, on a busy machine for long
  SampleRandom random(seed);
  // A grey level of its own in each picture, and a little grain: something to learn.
  const auto grain = random.uniform({24, 1, 8, 8}, torch::kFloat32);
  const auto pictures = (random.uniform({24, 1, 1, 1}, torch::kFloat32) * 200 + grain * 50).to(torch::kUInt8);
  return std::make_shared<DataSource>("tiny", pictures, torch::arange(24).remainder(3), 3);
}

TinyTraining tiny_training(const std::vector<std::string>& settings) {
  Config config = Config::from_text(kConfig, "tiny.yaml");
  std::string rate;
  for (const auto& setting : settings) {
    if (setting.starts_with(kBeyond)) {
      rate = setting.substr(kBeyond.size());
    } else {
      config.set(setting);
    }
  }
  TrainOptions options = TrainOptions::from_config(config);
  if (!rate.empty()) options.learning_rate.rate = parse_double(rate, "rate");
  config.finish();
  fit_network_to_data(options, config, tiny_data()->info());
  return {options, config.resolved()};
}

Trainer tiny_trainer(const std::vector<std::string>& settings) {
  return Trainer(tiny_training(settings).options, tiny_data(), torch::kCPU);
}

bool same_bits(const TensorFile& a, const TensorFile& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    if (other == b.tensors.end() || !torch::equal(tensor, other->second)) return false;
  }
  return true;
}

}  // namespace farfield::test
