#include <memory>
#include <optional>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/restoration/measurements.h"
#include "analysis/restoration/restore_run.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/io/sha256.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "models/analytic/reference_file.h"
#include "models/operators/operator_registry.h"
#include "models/registry/model_registry.h"
#include "samplers/restoration/method_registry.h"
#include "tools/feature_options.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr int64_t kDefaultSteps = 100;

constexpr const char* kRestoreExamples =
    "  farfield restore --model assets/glyphs.safetensors --degrade glyphs,first=8,seed=1 --operator mask,keep=0.5 "
    "--sigma-y 0.05 --out runs/restored\n"
    "  farfield restore --model runs/mnist --degrade mnist:DIR,pad=32,split=test,first=16 --operator pool,factor=4 --method "
    "dps,zeta=0.3 --out runs/dps\n"
    "  farfield restore --model gaussian.safetensors --measurement runs/dps --method tweedie --solver heun --samples 64 "
    "--out runs/exact\n";

struct RestoreArguments {
  PathArguments paths;  // of which it has the model's run and whether to resume
  std::string degrade, measurement, truth, op, method = "diffpir", gaussian;
  std::optional<double> sigma_y, teleport;
  int64_t samples = 1, seed = 0;
  PerceptualRequest perceptual;
  bool no_resize = false;
};

// The measurements as they were given, or made of data; what the file does not say is in the options.
MeasurementFile measurements_of(const RestoreArguments& arguments) {
  if (arguments.degrade.empty() == arguments.measurement.empty()) {
    throw usage_error(
        "restore: say what to restore, by one of --degrade SRC, which measures data, and --measurement FILE");
  }
  MeasurementFile file;
  if (!arguments.measurement.empty()) {
    std::filesystem::path path = arguments.measurement;
    if (std::filesystem::is_directory(path)) path /= "measurement.npz";
    file = read_measurements(path);
    if (!arguments.op.empty()) file.operator_text = arguments.op;
    if (arguments.sigma_y) file.sigma_y = arguments.sigma_y;
    if (file.operator_text.empty() || !file.sigma_y) {
      throw usage_error(fmt::format("restore: {} does not say its {}; name it by --{}", path.string(),
                                    file.operator_text.empty() ? "operator" : "noise",
                                    file.operator_text.empty() ? "operator" : "sigma-y"));
    }
  } else {
    file.operator_text = arguments.op.empty() ? "identity" : arguments.op;
    file.sigma_y = arguments.sigma_y.value_or(0.05);
  }
  return file;
}

torch::Tensor all_samples(const std::string& src) {
  const auto data = open_data(src);
  return data->rows(0, data->info().count).to(torch::kFloat64);
}

// The fitted prior that was named, whose exact posterior samples are compared with.
std::optional<MixtureStats> named_prior(const std::string& file) {
  if (file.empty()) return std::nullopt;
  const Reference reference = read_reference(file);
  if (const auto* gaussian = std::get_if<GaussianStats>(&reference.stats)) return to_mixture(*gaussian);
  return std::get<MixtureStats>(reference.stats);
}

RestoreInputs open_restoration(const Context& context, const RestoreArguments& arguments, RestoreOptions& options) {
  ModelRun run = arguments.paths.run;
  if (!run.schedule.steps && run.sigmas.empty() && is_formula(schedule_for(run.solver, run.schedule).schedule))
    run.schedule.steps = kDefaultSteps;
  const MeasurementFile file = measurements_of(arguments);
  RestoreInputs inputs;
  inputs.model = open_model(context, run);
  inputs.op = make_operator(file.operator_text, {inputs.model->info().sample_shape, context.trust});
  options.sigma_y = *file.sigma_y;
  options.levels = levels_of(run, inputs.model->info());
  const RestorationMethod method = make_method(arguments.method, {*inputs.op, options.sigma_y, options.levels});
  if (!method.takes_solver && run.solver != ModelRun().solver) {  // which a record names without being asked
    throw usage_error(
        fmt::format("restore: {} is steps of its own; leave --solver out, or take a method that any solver runs: "
                    "tweedie, pigdm, dps_gauss",
                    arguments.method));
  }
  inputs.truth = arguments.truth.empty() ? file.truth : all_samples(arguments.truth);
  if (!arguments.degrade.empty()) {
    inputs.truth = all_samples(arguments.degrade);
    inputs.y = degrade(*inputs.op, inputs.truth, options.sigma_y, arguments.seed);
  } else {
    inputs.y = file.y;
  }
  inputs.prior = named_prior(arguments.gaussian);
  inputs.model_text = run.model;
  inputs.measured_text = arguments.degrade.empty() ? arguments.measurement : arguments.degrade;
  inputs.method = arguments.method;
  inputs.solver = run.solver;
  return inputs;
}

std::string also_deciding(const RestoreInputs& inputs) {
  const torch::Tensor y = inputs.y.contiguous();
  Sha256 hash;
  hash.add({static_cast<const std::byte*>(y.const_data_ptr()), static_cast<size_t>(y.nbytes())});
  return dump_json(nlohmann::ordered_json{{"measurement", hash.hexadecimal()}, {"operator", inputs.op->info().name}});
}

void run_restore_command(const Context& context, const RestoreArguments& arguments) {
  const Stopwatch clock;
  const ModelRun& run = arguments.paths.run;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "restore", run.out)); });
  RestoreOptions options;
  options.samples = arguments.samples;
  options.seed = arguments.seed;
  options.label = run.label;
  options.batch = run.batch;
  options.teleport = arguments.teleport;
  options.device = parse_device(context.device);
  options.perceptual = arguments.perceptual;
  options.perceptual.resize = !arguments.no_resize;
  options.perceptual.trust = context.trust;
  RestoreInputs inputs = open_restoration(context, arguments, options);
  const std::string operator_text = inputs.op->info().name;
  const PartStore parts = part_store(context, arguments.paths, also_deciding(inputs));
  const RestoreRun result = run_restore(std::move(inputs), std::move(options), parts, world());
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    add_inputs(info, run);
    for (const auto& file : operator_files(operator_text)) info.add_input("operator", file);
    add_network(info, arguments.perceptual.features);
    if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    const std::string headline = save_restore(result, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_restore_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<RestoreArguments>();
  CLI::App* command = add_command(
      app, context, "restore", "Restores images from measurements: masked, blurred, reduced, noisy.", kRestoreExamples,
      [&context, arguments] { run_restore_command(context, *arguments); });
  ModelRun& run = arguments->paths.run;
  add_model_run_options(*command, context, run);
  command->add_option("--degrade", arguments->degrade,
                      "measure these data and restore them, SRC\n" + data_source_help());
  command->add_option("--measurement", arguments->measurement,
                      "restore what is in this file or folder of farfield restore instead (.npz, .npy)");
  command->add_option("--truth", arguments->truth, "with --measurement: what was measured, SRC, for the PSNR");
  command->add_option(
      "--operator", arguments->op,
      "how it is measured, NAME[,option=value...], see the list below (default: identity, or the file's)");
  command
      ->add_option("--sigma-y", arguments->sigma_y,
                   "standard deviation of the measurement's noise, images in [-1, 1] (default: 0.05, or the file's)")
      ->transform(real_number(0, limits::kHighestSigmaData));
  command->add_option("--method", arguments->method, "NAME[,option=value...], see the list below")
      ->capture_default_str();
  command->add_option("--samples", arguments->samples, "of every measurement")
      ->transform(whole_number(1, limits::kMostSeeds))
      ->capture_default_str();
  command
      ->add_option("--seed", arguments->seed,
                   "of the measurements' noise; sample j of measurement i has seed + i K + j")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option(
      "--gaussian", arguments->gaussian,
      "a fitted Gaussian or mixture: compare the samples with its exact posterior (default: the model, where it is one)");
  command
      ->add_option("--teleport", arguments->teleport,
                   "start guided denoisers at this level, by the closed form of the Gaussian's posterior")
      ->transform(real_number(0, limits::kHighestSigma));
  command->add_option("--features", arguments->perceptual.features,
                      "NET.pt: samples and truths to a perceptual network, see farfield similarity --help");
  command->add_flag("--no-resize", arguments->no_resize, "of --features: images as they are");
  command->add_flag("--resume", arguments->paths.resume, "go on with what a stopped run of this call has finished")
      ->configurable(false);
  command->footer("Operators:\n" + operator_help() + "\nMethods:\n" + method_help() +
                  "\nSolvers: farfield sample --help");
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
