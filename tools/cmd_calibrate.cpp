#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/calibrate/calibration_run.h"
#include "analysis/calibrate/heat_run.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/run/run_folder.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/patches/sized_denoiser.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char *kCalibrationSeeds = "0-9", *kHeatSeeds = "0-3";
constexpr int64_t kLargestCandidate = 1'000'000;

constexpr const char* kCalibrationExamples =
    "  farfield calibrate --model assets/glyphs.safetensors --data glyphs,count=500 --out runs/sizes\n"
    "  farfield compare --model assets/glyphs.safetensors --data glyphs --references els-border,table=runs/sizes/table.yaml\n"
    "  farfield calibrate --model runs/mnist --data mnist:DIR,pad=32,first=500 --reference ls --by distance --out runs/ls\n"
    "  farfield calibrate --model assets/glyphs.safetensors --reference pspc-flex --class 3 --out runs/heat\n";

struct CalibrationArguments {
  PathArguments path;
  std::string data, reference = "els-border", by = "cosine";
  std::vector<int64_t> sizes;
};

// Whether the user said which levels.
bool levels_given(const Context& context) {
  for (const char* option :
       {"--sigmas", "--schedule", "--steps", "--sigma-min", "--sigma-max", "--rho", "--variant", "--final"}) {
    if (context.command->count(option) > 0) return true;
  }
  return false;
}

// Who saves, and says so.
template <class Save>
void finish(const Context& context, const PathArguments& path, RunInfo& info, const PartStore& parts,
            const std::optional<RunFolder>& folder, const std::string& headline, const Save& save) {
  for (const auto& [key, text] : settings_of(path.run)) info.add_text(key, text);
  add_inputs(info, path.run);
  if (!path.latents.empty()) info.add_input("latents", path.latents);
  save();
  parts.remove();
  print_answer(context, headline, *folder);
}

void calibrate_sizes(const Context& context, const CalibrationArguments& arguments, const Stopwatch& clock,
                     std::optional<RunFolder>& folder) {
  const ModelRun& run = arguments.path.run;
  if (arguments.data.empty()) {
    throw usage_error("calibrate: give --data SRC, the images of " + arguments.reference);
  }
  CalibrationOptions options;
  options.by = parse_measure(arguments.by);
  RunInfo info = record_of(context);
  CalibrationInputs inputs;
  inputs.data = open_data(arguments.data);
  inputs.model = open_model(context, run);
  inputs.model_text = run.model;
  inputs.reference = arguments.reference;
  inputs.solver = run.solver;
  inputs.sizes = arguments.sizes;
  options.request = path_request(context, arguments.path, inputs.model->info(), kCalibrationSeeds);
  if (!levels_given(context)) {
    options.request.levels = published_calibration_levels();
    check_levels_for(inputs.model->info(), options.request.levels);
  }
  const PartStore parts = part_store(context, arguments.path,
                                     dump_json(nlohmann::ordered_json(inputs.data->info().fingerprint)));
  const CalibrationRun result = run_calibrate(std::move(inputs), std::move(options), parts, world());
  do_on_root(world(), [&] {
    finish(context, arguments.path, info, parts, folder, calibration_headline(result), [&] {
      save_calibrate(result, {context.command_line, context.device, context.precision, clock.seconds()},
                     std::move(info), *folder);
    });
  });
}

void calibrate_masks(const Context& context, const CalibrationArguments& arguments, const Stopwatch& clock,
                     std::optional<RunFolder>& folder) {
  const ModelRun& run = arguments.path.run;
  for (const char* option : {"--data", "--sizes", "--by"}) {
    if (context.command->count(option) == 0) continue;
    throw usage_error(fmt::format("calibrate: {} does not apply to the masks of pspc-flex; leave it out", option));
  }
  RunInfo info = record_of(context);
  const auto model = open_model(context, run);
  SampleRequest request = path_request(context, arguments.path, model->info(), kHeatSeeds);
  const PartStore parts = part_store(context, arguments.path);
  const HeatRun result = run_heat({model, run.model, arguments.reference, run.solver}, std::move(request), parts,
                                  world());
  do_on_root(world(), [&] {
    finish(context, arguments.path, info, parts, folder, heat_headline(result), [&] {
      save_heat(result, {context.command_line, context.device, context.precision, clock.seconds()}, std::move(info),
                *folder);
    });
  });
}

void run_calibrate_command(const Context& context, const CalibrationArguments& arguments) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "calibrate", arguments.path.run.out)); });
  if (arguments.reference.starts_with("pspc-flex")) {
    calibrate_masks(context, arguments, clock, folder);
  } else {
    calibrate_sizes(context, arguments, clock, folder);
  }
}

}  // namespace

void add_calibrate_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<CalibrationArguments>();
  CLI::App* command = add_command(
      app, context, "calibrate",
      "Finds the patch sizes or masks with which a local theory has a model's score, at every noise level.",
      kCalibrationExamples, [&context, arguments] { run_calibrate_command(context, *arguments); });
  arguments->path.run.solver = "euler";
  add_path_options(*command, context, arguments->path, "10 trajectories, which is what it takes without, too");
  command->add_option("--data", arguments->data, "the images of the theory: SRC\n" + data_source_help());
  command
      ->add_option("--reference", arguments->reference,
                   "KIND[,option=value...] without its size, KIND one of " + join(sized_kinds(), ", ") +
                       "; or pspc-flex[,fraction=F|,table=FILE]: heat maps for its masks, by vector-Jacobian products")
      ->capture_default_str();
  command->add_option("--sizes", arguments->sizes, "the sizes to choose from, rising [3,5,...,17, those that fit]")
      ->delimiter(',')
      ->transform(whole_number(1, kLargestCandidate));
  command
      ->add_option("--by", arguments->by,
                   "cosine: the size with the largest cosine to the model's score; distance: the smallest distance")
      ->capture_default_str();
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
