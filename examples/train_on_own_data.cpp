// Trains a small network on data made here: train_on_own_data FOLDER [IMAGES]
#include <cstdlib>
#include <iostream>
#include <memory>

#include "core/config/config.h"
#include "core/data/source.h"
#include "core/error.h"
#include "train/network_settings.h"
#include "train/training_run.h"

// 1,024 pictures of 8 x 8 pixels in [-1, 1]: a bright bar at a random place and angle.
std::shared_ptr<const farfield::DataSource> bars() {
  const auto draw = torch::rand({1024, 2, 1, 1}) * 6.28;
  const auto angle = draw.select(1, 0), offset = draw.select(1, 1).sin() * 2;
  const auto axis = torch::arange(8) - 3.5;
  const auto distance = axis.view({1, 1, 8}) * angle.cos() + axis.view({1, 8, 1}) * angle.sin() - offset;
  const auto images = ((-distance.square()).exp() * 2 - 1).unsqueeze(1).contiguous();
  return std::make_shared<farfield::DataSource>("bars", images, torch::Tensor(), 0);
}

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: train_on_own_data FOLDER [IMAGES]\n";
    return 2;
  }
  auto config = farfield::Config::from_text(R"(
data: {source: bars}
network: {model_channels: 16, channel_mult: [1, 2], num_blocks: 1, attn_resolutions: [], dropout: 0}
optimiser: {learning_rate: 0.002, rampup_images: 500}
run: {batch: 32, tick_images: 640}
)",
                                            "own data");
  if (argc > 2) config.set(std::string("run.images=") + argv[2]);
  auto options = farfield::TrainOptions::from_config(config);
  config.finish();
  const auto data = bars();
  farfield::fit_network_to_data(options, config, data->info());

  farfield::RunRequest request;
  request.folder = argv[1];
  request.resolved_config = config.resolved();
  farfield::run_training(options, data, torch::kCPU, request);
  std::cout << "farfield sample --model " << argv[1] << " --out samples\n";
} catch (const farfield::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.code());
}
