#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/fixed_probes.h"
#include "analysis/compare/references.h"
#include "analysis/stats/data_stats.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/image.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/command.h"
#include "tools/print.h"
#include "train/network_settings.h"
#include "train/training_run.h"

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

constexpr int64_t kPreviewSamples = 40, kPreviewColumns = 10, kEnlargedPixels = 64;

// The samples as one picture; where a sample is a row of channels, fewer of them stand beside each other.
torch::Tensor preview_of(const torch::Tensor& samples) {
  const auto pictures = to_bytes(drawable(samples));
  const int64_t columns = std::max<int64_t>(1, kPreviewColumns * samples.size(3) / pictures.size(2));
  return image_grid(pictures, columns, 2, samples.size(3) > kEnlargedPixels ? 1 : 2);
}

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
  write_png(png, preview_of(samples.x),
            {{"solver", "heun"},
             {"steps", std::to_string(request.levels.size() - 1)},
             {"nfe", std::to_string(samples.nfe)},
             {"seeds", fmt::format("0-{}", kPreviewSamples - 1)}});
}

// "90", "90s", "15m", "1.5h", "2d" in seconds.
double parse_duration(const std::string& text) {
  const std::map<char, double> units = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const auto unit = text.empty() ? units.end() : units.find(text.back());
  const double number = parse_double(unit == units.end() ? text : text.substr(0, text.size() - 1), "--max-time");
  const double seconds = number * (unit == units.end() ? 1 : unit->second);
  if (seconds > 0 && seconds <= limits::kLongestTime) return seconds;
  throw usage_error(fmt::format("--max-time {}: expected a time such as 90s, 15m, 1.5h or 2d, at most {:.0f} s", text,
                                limits::kLongestTime));
}

std::optional<InitialModel> read_init(const std::string& model) {
  if (model.empty()) return std::nullopt;
  const auto file = model_file(model);
  if (file.empty()) throw usage_error(fmt::format("--init {}: expected a native network file or a run folder", model));
  return InitialModel{read_native_model(file), file.string(), sha256_file(file)};
}

// The config with what the command line says over it.
Config read_config(const TrainArguments& arguments, const Context& context, const std::optional<InitialModel>& init) {
  Config config = Config::from_file(arguments.config);
  for (const auto& setting : arguments.settings) config.set(setting);
  if (context.precision != "auto") config.set("run.precision=" + context.precision);
  if (!arguments.snapshot_at.empty()) config.set("run.snapshot_at=[" + arguments.snapshot_at + "]");
  if (init) adopt_model(config, init->model.config);
  return config;
}

void warn_about_sigma_data(const TrainOptions& options, const DataSource& data) {
  constexpr double kTolerance = 0.1;
  const double measured = measure_sigma_data(data);
  if (std::abs(options.sigma_data - measured) <= kTolerance * measured) return;
  log::warning(
      fmt::format("preconditioning.sigma_data is {}, but the standard deviation of the data '{}' is {:.3g}; "
                  "see farfield data stats",
                  format_double(options.sigma_data), data.info().name, measured));
}

ProbeFn make_probe(const ProbeOptions& options, std::shared_ptr<const DataSource> data, torch::Device device) {
  if (options.images == 0) return {};
  CompareOptions compare;
  compare.sigmas = options.sigmas;
  compare.probes = options.count;
  compare.device = device;
  const ModelOptions models{device.str(), "fp32"};
  const auto references = open_references(split_references(options.references), data, models, compare.seed);
  const auto probes = std::make_shared<const FixedProbes>(references.subjects, data, compare);
  return [probes](const Denoiser& average) {
    std::vector<ProbeResult> results;
    for (const auto& row : probes->explained(average)) results.push_back({row.reference, row.sigma, row.explained});
    return results;
  };
}

void train(const TrainArguments& arguments, const Context& context) {
  if (arguments.resume && arguments.replace)
    throw usage_error("--resume goes on with a run, --replace-run replaces it: give one");
  if (!arguments.resume && !arguments.allow_change.empty()) throw usage_error("--allow-change needs --resume");
  const auto device = parse_device(context.device);
  auto init = read_init(arguments.init);
  Config config = read_config(arguments, context, init);
  TrainOptions options = TrainOptions::from_config(config);
  config.finish();

  const auto data = open_data(options.data);
  fit_network_to_data(options, config, data->info());
  if (world().is_root()) warn_about_sigma_data(options, *data);
  RunRequest request;
  request.folder = arguments.out;
  request.use = arguments.resume ? FolderUse::kResume : arguments.replace ? FolderUse::kReplace : FolderUse::kNew;
  request.inputs = input_paths(context, {options.data});
  request.resolved_config = config.resolved();
  request.command_line = context.command_line;
  request.preview = [device](const Denoiser& average, const std::filesystem::path& png) {
    draw_preview(average, png, device);
  };
  if (world().is_root()) request.probe = make_probe(options.probes, data, device);
  request.init = std::move(init);
  request.allow_change = arguments.allow_change;
  if (!arguments.max_time.empty()) request.max_seconds = parse_duration(arguments.max_time);
  run_training(options, data, device, request, world());
  const nlohmann::ordered_json result = {{"out", arguments.out}, {"images", options.run.images}};
  if (context.json)
    fmt::print("{}\n", dump_json(result));
  else
    print_line(arguments.out);
}

}  // namespace

void add_train_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = add_command(app, context, "train", "Train a network on a data set", kTrainExamples,
                                  [arguments, &context] { train(*arguments, context); });
  command->add_option("--config", arguments->config, "YAML file, see configs/train/")->required();
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
  command->add_flag("--resume", arguments->resume, "go on with the run in --out from its newest whole state");
  command->add_flag("--replace-run", arguments->replace,
                    "replace the training run in --out, its states and snapshots too; it is removed "
                    "when the new one has saved its first state. (--force does not: a run can be days of work)");
  share_over_ranks(*command, context);
  add_compute_options(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
