#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/training_probe.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/duration.h"
#include "core/error.h"
#include "core/io/json.h"
#include "samplers/preview.h"
#include "tools/command.h"
#include "tools/option_config.h"
#include "tools/print.h"
#include "train/train_call.h"

namespace farfield::tools {
namespace {

constexpr const char* kTrainExamples = R"(  farfield train --config configs/train/glyphs.yaml --out runs/glyphs
  farfield train --config configs/train/mnist.yaml --set data.source=mnist:DIR,pad=32 --out runs/mnist
  farfield train --config configs/train/mnist.yaml --out runs/mnist --resume
  farfield train --config configs/train/mnist.yaml --init runs/mnist --set data.source=digits.npz --out runs/mine
  mpirun -n 4 farfield train --config configs/train/mnist.yaml --out runs/mnist
)";

struct TrainArguments {
  std::string config, out, init, snapshot_at, max_time;
  std::vector<std::string> settings, allow_change;
  bool resume = false, replace = false;
};

// The config with what the command line says over it.
Config read_config(const TrainArguments& arguments, const Context& context) {
  Config config = read_training_config(arguments.config);
  for (const auto& setting : arguments.settings) config.set(setting);
  if (context.precision != "auto") config.set("run.precision=" + context.precision);
  if (!arguments.snapshot_at.empty()) config.set("run.snapshot_at=[" + arguments.snapshot_at + "]");
  return config;
}

TrainingHelp help_on(torch::Device device) {
  TrainingHelp help;
  help.preview = [device](const Denoiser& average, const std::filesystem::path& png) {
    draw_preview(average, png, device);
  };
  help.make_probe = [device](const ProbeOptions& options, std::shared_ptr<const DataSource> data) {
    return training_probe(options.references, options.sigmas, options.count, std::move(data), device);
  };
  help.look_at_data = warn_about_sigma_data;
  return help;
}

void train(const TrainArguments& arguments, const Context& context) {
  if (arguments.resume && arguments.replace)
    throw usage_error("--resume goes on with a run, --replace-run replaces it: give one");
  if (!arguments.resume && !arguments.allow_change.empty()) throw usage_error("--allow-change needs --resume");
  const auto device = parse_device(context.device);
  RunRequest request;
  request.folder = arguments.out;
  request.use = arguments.resume ? FolderUse::kResume : arguments.replace ? FolderUse::kReplace : FolderUse::kNew;
  request.inputs = input_paths(context);
  request.command_line = context.command_line;
  request.options = options_json(*context.command);
  if (!arguments.init.empty()) request.init = read_initial_model(arguments.init);
  request.allow_change = arguments.allow_change;
  if (!arguments.max_time.empty()) request.max_seconds = parse_duration(arguments.max_time, "--max-time");
  const int64_t images = train_from_config(read_config(arguments, context), std::move(request), device, help_on(device),
                                           world());
  const nlohmann::ordered_json result = {{"out", arguments.out}, {"images", images}};
  if (context.json)
    fmt::print("{}\n", dump_json(result));
  else
    print_line(arguments.out);
}

// --config is of train's own grammar; the run.json of a training run has a config of that kind, and options beside it.
void take_training_config(CLI::App& command, Context& context, std::string& file) {
  command.remove_option(command.get_option("--config"));
  command
      .add_option_function<std::string>("--config",
                                        [&command, &context, &file](const std::string& named) {
    file = named;
    take_run_options(command, context, named);
  }, "YAML file, see configs/train/, or the run.json of a training run")
      ->required()
      ->configurable(false);
}

}  // namespace

void add_train_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = add_command(app, context, "train", "Train a network on a data set", kTrainExamples,
                                  [arguments, &context] { train(*arguments, context); });
  take_training_config(*command, context, arguments->config);
  command->add_option("--set", arguments->settings, "KEY=VALUE over the config, for example run.seed=1");
  command->add_option("--out", arguments->out, "folder of the run, made here")->required();
  command->add_option(
      "--init", arguments->init,
      "begin with the weights of a native network file or run, not fresh ones; "
      "what the config leaves open about the network is the model's. Where the number of classes is another, the "
      "label layers are new");
  command->add_option("--snapshot-at", arguments->snapshot_at,
                      "further snapshots, at these numbers of images: 1000,5000");
  command->add_option("--max-time", arguments->max_time,
                      "stop after 90s, 15m, 1.5h, 2d of this session with the state saved (exit 7)");
  command
      ->add_option("--allow-change", arguments->allow_change,
                   "with --resume: settings that may differ from the run's, such as "
                   "optimiser.learning_rate, or data")
      ->delimiter(',');
  command->add_flag("--resume", arguments->resume, "go on with the run in --out from its newest whole state")
      ->excludes("--init");
  command->add_flag("--replace-run", arguments->replace,
                    "replace the training run in --out, its states and snapshots too; it is removed "
                    "when the new one has saved its first state. (--force does not: a run can be days of work)");
  share_over_ranks(*command, context);
  add_compute_options(*command, context);
  add_output_options(*command, context);
  // What the config holds by then, or what concerns one session.
  for (const char* option :
       {"--set", "--snapshot-at", "--precision", "--max-time", "--allow-change", "--resume", "--replace-run"})
    command->get_option(option)->configurable(false);
}

}  // namespace farfield::tools
