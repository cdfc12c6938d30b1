#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/io/image.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solver_registry.h"
#include "tools/command.h"
#include "train/training_run.h"

namespace farfield::tools {
namespace {

constexpr const char* kExamples = R"(  farfield train --config configs/train/glyphs.yaml --out runs/glyphs
  farfield train --config configs/train/mnist.yaml --set data.source=mnist:DIR,pad=32 --out runs/mnist
  farfield train --config configs/train/mnist.yaml --out runs/mnist --resume
)";

struct TrainArguments {
  std::string config, out;
  std::vector<std::string> settings;
  bool resume = false;
};

constexpr int64_t kPreviewSamples = 40, kPreviewColumns = 10, kPreviewZoom = 2;

// Seeds 0 ... 39 with EDM's sampler (Heun, 18 steps): the same noise, and the same class, at the same place every time.
void draw_preview(const Denoiser& average, const std::filesystem::path& png, torch::Device device) {
  const auto& info = average.info();
  if (info.sample_shape.size() != 3) return;  // points have no picture
  SampleRequest request;
  request.seeds.resize(kPreviewSamples);
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.levels = resolve_levels({}, info);
  request.device = device;
  const auto samples = sample(average, *make_solver("heun"), request);
  write_png(png, image_grid(to_bytes(samples.x), kPreviewColumns, 2, kPreviewZoom),
            {{"solver", "heun"}, {"steps", std::to_string(request.levels.size() - 1)}, {"nfe", std::to_string(samples.nfe)},
             {"seeds", fmt::format("0-{}", kPreviewSamples - 1)}});
}

void train(const TrainArguments& arguments, const Context& context) {
  if (arguments.resume && context.force) throw usage_error("--resume goes on with a run, --force replaces it: give one");
  const auto device = parse_device(context.device);
  Config config = Config::from_file(arguments.config);
  for (const auto& setting : arguments.settings) config.set(setting);
  if (context.precision != "auto") config.set("run.precision=" + context.precision);
  TrainOptions options = TrainOptions::from_config(config);
  config.finish();

  const auto data = open_data(options.data);
  fit_network_to_data(options, config, data->info());
  RunRequest request{arguments.out, arguments.resume, context.force, config.resolved(), context.command_line,
                     [device](const Denoiser& average, const std::filesystem::path& png) {
                       draw_preview(average, png, device);
                     }};
  run_training(options, data, device, request);
  const nlohmann::ordered_json result = {{"out", arguments.out}, {"images", options.run.images}};
  fmt::print("{}\n", context.json ? result.dump() : arguments.out);
}

}  // namespace

void add_train_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = add_command(app, context, "train", "Train a network on a data set", kExamples,
                                  [arguments, &context] { train(*arguments, context); });
  command->add_option("--config", arguments->config, "YAML file, see configs/train/")->required();
  command->add_option("--set", arguments->settings, "KEY=VALUE over the config, for example run.seed=1");
  command->add_option("--out", arguments->out, "folder of the run, made here")->required();
  command->add_flag("--resume", arguments->resume, "go on with the run in --out from its newest whole state");
  add_compute_options(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
