#include <memory>

#include <nlohmann/json.hpp>

#include "analysis/study/ablation_report.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "tools/command.h"
#include "tools/feature_options.h"
#include "tools/measure_options.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/option_config.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kAblateExamples =
    "  farfield schedule ablate --model assets/glyphs.safetensors --vary warmup=16,64,256 --out runs/warmup\n"
    "  farfield schedule ablate --model net.safetensors --vary points=11,21,41,61,81,101 --repeats 5 --out runs/points\n"
    "  farfield schedule ablate --model net.safetensors --vary gamma=1.05,1.1,1.15,1.2 --nfe 3-10 --out runs/gamma\n";

struct AblateArguments {
  std::string model, out, data;
  AblationOptions options;
  bool resume = false;
};

void run_ablate(const AblateArguments& arguments, const Context& context) {
  const Stopwatch clock;
  AblationOptions options = arguments.options;
  options.search.device = parse_device(context.device);
  options.measure.options = {context.trust, options.search.device, {}};
  options.measure.data = data_of_measure(arguments.data);
  options.validate();
  RunFolder folder(output_request(context, "schedule ablate", arguments.out));
  RunInfo info = record_of(context);
  const ModelOptions how = {context.device, context.precision, context.trust};
  const auto model = open_model(arguments.model, how);
  const RecordedModel recorded{*model, arguments.model, model_sha256(arguments.model), precision_of(*model, how)};
  nlohmann::ordered_json key = parse_json(options_json(*context.command), "options");
  key["model_sha256"] = recorded.sha256;
  key.update(key_of_measure(options.measure));
  const PartStore parts = part_store(context, arguments.out, std::move(key), arguments.resume);
  const Ablation ablation = run_ablation(recorded, options, parts);
  if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
  add_network(info, options.measure.features);
  const RunCall call{context.command_line, context.device, recorded.precision, clock.seconds()};
  save_ablation(ablation, options, recorded, call, std::move(info), folder);
  parts.remove();
  print_answer(context, ablation_answer(ablation), folder);
}

}  // namespace

void add_schedule_ablate_command(CLI::App& schedule, Context& context) {
  const auto arguments = std::make_shared<AblateArguments>();
  AblationOptions& options = arguments->options;
  CLI::App* command = add_command(schedule, context, "ablate",
                                  "Searches again over one option and blocks of seeds: what schedules depend on it",
                                  kAblateExamples, [arguments, &context] { run_ablate(*arguments, context); });
  command->add_option("--model", arguments->model, model_option_help())->required();
  command->add_option("--out", arguments->out, "folder to make")->required();
  command->add_option("--vary", options.vary, "warmup=16,64,...; points=11,21,...; or gamma=1.05,1.1,...")
      ->capture_default_str();
  command->add_option("--repeats", options.repeats, "searches of each value, from seeds of their own")
      ->transform(whole_number(1, limits::kMostSeeds))
      ->capture_default_str();
  command->add_option("--test-seeds", options.test_seeds, "trajectories of the errors, of seeds after all those")
      ->transform(whole_number(1, limits::kMostSeeds))
      ->capture_default_str();
  add_search_options(*command, options.search);
  add_measure_options(*command, options.measure, arguments->data);
  command
      ->add_flag("--resume", arguments->resume, "go on with the repeats that a stopped run of this call has finished")
      ->configurable(false);
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
