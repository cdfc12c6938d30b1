#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/compare/compare_sigmas.h"
#include "analysis/compare/references.h"
#include "analysis/dynamics/dynamics_output.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "models/registry/reference_registry.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kDynamicsReferences = "mean,gaussian,mixture,components=10,delta";
constexpr int64_t kPaperProbes = 1024;

constexpr const char* kDynamicsExamples =
    "  farfield dynamics --run runs/mnist --data mnist:DIR,pad=32 --out runs/dynamics\n"
    "  farfield dynamics --run runs/mnist --data mnist:DIR,pad=32 --references mean,gaussian,delta --sigmas 0.1,1,5 "
    "--out runs/d\n"
    "  farfield dynamics --models early.safetensors,late.safetensors --data glyphs --out runs/two\n";

struct DynamicsArguments {
  PathArguments paths;  // of which it has the output and whether to resume
  std::string run, models, data, sigmas;
  std::string references = kDynamicsReferences;
  std::optional<int64_t> probes;
  DynamicsOptions options;
};

DynamicsInputs open_dynamics(const DynamicsArguments& arguments, const Context& context) {
  if (arguments.run.empty() == arguments.models.empty()) {
    throw usage_error("dynamics: name a training run with --run, or its files with --models");
  }
  DynamicsInputs inputs;
  inputs.of = arguments.run.empty() ? arguments.models : arguments.run;
  inputs.snapshots = arguments.run.empty() ? snapshots_of_models(split_references(arguments.models))
                                           : snapshots_of_run(arguments.run);
  inputs.data = open_data(arguments.data);
  const ModelOptions options{
      context.device, context.precision, context.trust, inputs.data, arguments.options.probes.seed, &world()};
  inputs.open = [options](const Snapshot& snapshot) { return open_subject(snapshot.model, options); };
  inputs.references = open_references(split_references(arguments.references), inputs.data, options,
                                      arguments.options.probes.seed, world())
                          .subjects;
  return inputs;
}

// What the numbers of finished snapshots hang on.
std::string key_of(const DynamicsInputs& inputs) {
  nlohmann::ordered_json key{{"data", inputs.data->info().fingerprint}};
  for (const Snapshot& snapshot : inputs.snapshots) key["snapshots"].push_back(model_sha256(snapshot.model));
  return dump_json(key);
}

void run_dynamics_command(const DynamicsArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "dynamics", arguments.paths.run.out)); });
  DynamicsInputs inputs = open_dynamics(arguments, context);
  DynamicsOptions options = arguments.options;
  options.probes.device = parse_device(context.device);
  options.probes.probes = arguments.probes.value_or(arguments.paths.paper ? kPaperProbes : 256);
  if (!arguments.sigmas.empty()) options.probes.sigmas = parse_sigmas(arguments.sigmas);
  PathArguments paths = arguments.paths;
  paths.run.model = inputs.snapshots.back().model;
  const PartStore parts = part_store(context, paths, key_of(inputs));
  const DynamicsRun run = run_dynamics(std::move(inputs), std::move(options), parts, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    RunInfo info = record_of(context);
    for (const Snapshot& snapshot : run.inputs.snapshots) {
      if (const auto file = model_file(snapshot.model); !file.empty()) info.add_input("model", file);
    }
    const std::string headline = save_dynamics(run, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_dynamics_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<DynamicsArguments>();
  CLI::App* command = add_command(
      app, context, "dynamics", "What a network has learned when: its snapshots against scores that are known.",
      kDynamicsExamples, [arguments, &context] { run_dynamics_command(*arguments, context); });
  CLI::Option* run = command->add_option("--run", arguments->run, "a training run: all its snapshots");
  command
      ->add_option(
          "--models", arguments->models,
          "MODELs with commas between them instead, in the order of training; images from the last number in each name")
      ->excludes(run);
  command->add_option("--data", arguments->data, "of references and probes, SRC\n" + data_source_help())->required();
  command->add_option("--references", arguments->references, "as of farfield compare")->capture_default_str();
  command->add_option("--sigmas", arguments->sigmas,
                      "noise levels, 0.1,1,10 or LOW:HIGH:COUNT (default: 8 from 0.1 to 10)");
  command->add_option("--probes", arguments->probes, "noised samples at each noise level (default: 256)")
      ->transform(whole_number(2, limits::kMostProbes));
  command->add_option("--seed", arguments->options.probes.seed, "of probes, k-means and bootstrap")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--class", arguments->options.label, "the class that class-conditional models are asked for")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--batch", arguments->options.probes.batch, "probes at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_flag("--paper", arguments->paths.paper, "1,024 probes unless others are asked for");
  command
      ->add_flag("--resume", arguments->paths.resume,
                 "go on with the snapshots that a stopped run of this call has finished")
      ->configurable(false);
  command->add_option("--out", arguments->paths.run.out, "folder to make")->required();
  command->footer("KIND, fitted to SRC, or without it to --data:\n" + reference_help());
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
