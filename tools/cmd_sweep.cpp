#include <algorithm>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/compare/compare_sigmas.h"
#include "analysis/compare/references.h"
#include "analysis/sweep/sweep_output.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kSweepExamples =
    "  farfield sweep --model assets/glyphs.safetensors --data glyphs --out runs/sweep\n"
    "  farfield sweep --model runs/mnist --data mnist:DIR,pad=32 --components 1,10,100 --ranks 16,64,256 --sigmas 0.1,1 "
    "--out runs/s\n"
    "  farfield sweep --model runs/mnist --data mnist:DIR,pad=32 --paper --out runs/figure-22\n"
    "  mpirun -n 4 farfield sweep --model net.safetensors --data cifar:DIR --paper --resume --out runs/figure-9\n";

struct SweepArguments {
  PathArguments paths;  // of which it has the model, the output and whether to resume
  std::string data, components, ranks, sigmas;
  std::optional<int64_t> probes;
  SweepOptions options;
};

// Whole numbers as typed, in order, each once.
std::vector<int64_t> whole_numbers(const std::string& text, const std::string& option) {
  std::vector<int64_t> numbers;
  for (const std::string& one : split(text, ',')) numbers.push_back(parse_int(one, option));
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
  return numbers;
}

SweepOptions options_of(const SweepArguments& arguments, const Context& context, const DataInfo& data,
                        const DenoiserInfo& model) {
  SweepOptions options = arguments.paths.paper ? paper_sweep(data, model) : quick_sweep(data, model);
  if (!arguments.components.empty()) options.components = whole_numbers(arguments.components, "--components");
  if (!arguments.ranks.empty()) options.ranks = whole_numbers(arguments.ranks, "--ranks");
  if (!arguments.sigmas.empty()) options.sigmas = parse_sigmas(arguments.sigmas);
  options.probes = arguments.probes.value_or(options.probes);
  options.batch = arguments.options.batch;
  options.seed = arguments.options.seed;
  options.label = arguments.options.label;
  options.device = parse_device(context.device);
  return options;
}

void run_sweep_command(const SweepArguments& arguments, const Context& context) {
  const Stopwatch clock;
  const ModelRun& run = arguments.paths.run;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "sweep", run.out)); });
  SweepInputs inputs;
  inputs.data = open_data(arguments.data);
  inputs.model = open_subject(
      run.model, {context.device, context.precision, context.trust, inputs.data, arguments.options.seed, &world()});
  inputs.model_text = run.model;
  SweepOptions options = options_of(arguments, context, inputs.data->info(), inputs.model.denoiser->info());
  options.validate(inputs.data->info());  // before anything is kept
  PathArguments of_outputs = arguments.paths;
  of_outputs.run.out += ".outputs";
  const std::string also = dump_json(nlohmann::ordered_json{{"data", inputs.data->info().fingerprint}});
  const PartStore outputs = part_store(context, of_outputs, also), parts = part_store(context, arguments.paths, also);
  const SweepRun result = run_sweep(std::move(inputs), std::move(options), outputs, parts, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    RunInfo info = record_of(context);
    if (const auto file = model_file(run.model); !file.empty()) info.add_input("model", file);
    const std::string headline = save_sweep(result, call, std::move(info), *folder);
    outputs.remove();
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_sweep_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* command = add_command(app, context, "sweep",
                                  "How many Gaussians of what rank explain a model's score, at every noise level.",
                                  kSweepExamples, [arguments, &context] { run_sweep_command(*arguments, context); });
  PathArguments& paths = arguments->paths;
  command->add_option("--model", paths.run.model, model_option_help())->required();
  command->add_option("--data", arguments->data, "of the mixtures and the probes, SRC\n" + data_source_help())
      ->required();
  command->add_option("--components", arguments->components,
                      "numbers of k-means clusters, 1,10,100 (default: up to 50); all data are always there");
  command->add_option(
      "--ranks", arguments->ranks,
      "leading eigenvectors of each, 16,64 (default: powers of two from 8); the full rank is always there");
  command->add_option("--sigmas", arguments->sigmas,
                      "noise levels, 0.1,1,10 or LOW:HIGH:COUNT (default: 8 from 0.05 to 10)");
  command->add_option("--probes", arguments->probes, "noised samples at each noise level (default: 256)")
      ->transform(whole_number(2, limits::kMostProbes));
  command->add_option("--seed", arguments->options.seed, "of probes, k-means and bootstrap")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--class", arguments->options.label, "the class that a class-conditional model is asked for")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--batch", arguments->options.batch, "probes at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_flag(
      "--paper", paths.paper,
      "the paper's sizes unless others are given: up to 1,000 components (200 of more than 1,024 numbers), ten noise "
      "levels, 2,048 probes");
  command->add_flag("--resume", paths.resume, "go on with what a stopped run of this call has finished")
      ->configurable(false);
  command->add_option("--out", paths.run.out, "folder to make")->required();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
