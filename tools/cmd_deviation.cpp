#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/deviation/deviation_run.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/named_options.h"
#include "core/option_values.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kDeviationExamples =
    "  farfield deviation --model assets/glyphs.safetensors --data glyphs --out runs/deviation\n"
    "  farfield deviation --model runs/mnist --data mnist:DIR,pad=32 --start data,first=8 --out runs/encoded\n"
    "  farfield deviation --model net.safetensors --data cifar:DIR --paper --out runs/figure-4\n"
    "  farfield deviation --model net.safetensors --data cifar:DIR --solver euler --steps 100 --final sigma_min "
    "--out runs/figure-12\n";
constexpr int64_t kQuickTrajectories = 64, kPaperTrajectories = 50'000;

struct DeviationArguments {
  PathArguments paths;
  std::string data, optimal = kDefaultOptimum, start = "seeds", bandwidth = "sigma";
  std::optional<int64_t> k;
};

// --start: where trajectories begin, and how many there are unless the user says.
struct ParsedStart {
  DeviationStart start;
  int64_t count;
};

ParsedStart parse_start(const DeviationArguments& arguments, const DataInfo& data) {
  const int64_t usual = arguments.paths.paper ? kPaperTrajectories : kQuickTrajectories;
  const auto [name, given] = parse_named_options("start", arguments.start);
  const OptionValues options("start", name, given);
  if (name == "data") {
    const int64_t most = std::min(usual, data.count);
    for (const auto& [key, value] : given) {
      if (key != "first") throw usage_error("--start data: " + unknown_name("option", key, {"first"}));
    }
    return {DeviationStart::kNoisedData, options.integer("first", most, 1, data.count)};
  }
  if (name != "seeds") throw usage_error("--start: " + unknown_name("start", name, {"seeds", "data"}));
  if (!given.empty()) throw usage_error("--start seeds: takes no options; name trajectories by --seeds");
  return {DeviationStart::kNoise, usual};
}

DeviationInputs open_deviation(const DeviationArguments& arguments, const Context& context) {
  DeviationInputs inputs;
  inputs.subject.data = open_data(arguments.data);
  inputs.subject.model = open_model(context, arguments.paths.run);
  inputs.model_text = arguments.paths.run.model;
  inputs.optimal_text = arguments.optimal;
  const DenoiserInfo& model = inputs.subject.model->info();
  if (inputs.subject.data->info().shape != model.sample_shape) return inputs;  // said by check_deviation()
  inputs.subject.optimal = open_optimum(
      arguments.optimal, model, {context.device, context.precision, context.trust, inputs.subject.data, 0, &world()});
  return inputs;
}

DeviationRequest request_of(const DeviationArguments& arguments, const Context& context,
                            const DeviationSubject& subject) {
  const DataInfo& data = subject.data->info();
  const auto [start, count] = parse_start(arguments, data);
  DeviationRequest request;
  request.solver = arguments.paths.run.solver;
  request.start = start;
  request.sampling = path_request(context, arguments.paths, subject.model->info(), fmt::format("0-{}", count - 1));
  request.bandwidth = parse_bandwidth(arguments.bandwidth);
  request.k = arguments.k.value_or(std::min<int64_t>(request.k, data.count));
  return request;
}

void run_deviation_command(const DeviationArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "deviation", arguments.paths.run.out)); });
  parse_bandwidth(arguments.bandwidth);  // before the long work
  DeviationInputs inputs = open_deviation(arguments, context);
  DeviationRequest request = request_of(arguments, context, inputs.subject);
  const std::string also = dump_json(nlohmann::ordered_json{{"data", inputs.subject.data->info().fingerprint}});
  const PartStore parts = part_store(context, arguments.paths, also);
  const DeviationRun run = run_deviation(std::move(inputs), std::move(request), parts, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    const std::string headline = save_deviation(run, call, record_of(context), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_deviation_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<DeviationArguments>();
  CLI::App* command = add_command(
      app, context, "deviation", "Measures how far a model's score is from the exact one along trajectories.",
      kDeviationExamples, [arguments, &context] { run_deviation_command(*arguments, context); });
  add_path_options(*command, context, arguments->paths, "50,000 trajectories");
  command->add_option("--data", arguments->data, data_source_help())->required();
  command
      ->add_option(
          "--optimal", arguments->optimal,
          "what the model is held against: delta, the exact denoiser of the data (of each class where model and "
          "data have classes), or another MODEL")
      ->capture_default_str();
  command
      ->add_option("--start", arguments->start,
                   "seeds: from noise; data[,first=K]: from the first K samples of the data with noise on top")
      ->capture_default_str();
  command
      ->add_option("--bandwidth", arguments->bandwidth,
                   "of the kernel density that ranks likelihoods: sigma, the noise level; scaled,c=C: C times that; a "
                   "number; none")
      ->capture_default_str();
  command->add_option("--k", arguments->k, "nearest data points of both ends (default: 5, or all)")
      ->transform(whole_number(1, limits::kMostProbes));
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
