#include <algorithm>
#include <memory>
#include <optional>

#include "analysis/features/sample_source.h"
#include "analysis/neighbours/neighbours_run.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "tools/command.h"
#include "tools/feature_options.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"

namespace farfield::tools {
namespace {

constexpr const char* kNeighboursExamples =
    "  farfield neighbours --samples runs/heun --data glyphs --out runs/neighbours\n"
    "  farfield neighbours --samples mnist:DIR,split=test,first=64 --data mnist:DIR --k 10 --out runs/n\n";

struct NeighboursArguments {
  std::string samples, data, features, out;
  std::optional<int64_t> k;
};

constexpr int64_t kUsualNeighbours = 5;

void run_neighbours_command(const NeighboursArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "neighbours", arguments.out)); });
  NeighboursInputs inputs;
  inputs.samples = open_samples(arguments.samples).all();
  inputs.samples_text = arguments.samples;
  inputs.data = open_data(arguments.data);
  inputs.features = arguments.features;
  inputs.feature_options.trust = context.trust;
  inputs.feature_options.device = parse_device(context.device);
  inputs.k = arguments.k.value_or(std::min(kUsualNeighbours, inputs.data->info().count));
  const NeighboursRun run = run_neighbours(std::move(inputs), world());
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    add_network(info, arguments.features);
    save_neighbours(run, {context.command_line, "cpu", "float64", clock.seconds()}, std::move(info), *folder);
    print_answer(context, neighbours_headline(run), *folder);
  });
}

}  // namespace

void add_neighbours_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<NeighboursArguments>();
  CLI::App* command = add_command(app, context, "neighbours", "Finds the data points that are nearest to samples.",
                                  kNeighboursExamples,
                                  [arguments, &context] { run_neighbours_command(*arguments, context); });
  command->add_option("--samples", arguments->samples, "folder or samples.npz of farfield sample, or a data set, SRC")
      ->required();
  command->add_option("--data", arguments->data, "where neighbours are looked for, SRC\n" + data_source_help())
      ->required();
  command->add_option("--k", arguments->k, "neighbours of each sample (default: 5, or all)")
      ->transform(whole_number(1, limits::kMostProbes));
  command->add_option("--features", arguments->features,
                      "in which distances are (default: the numbers themselves)\n" + features_help());
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_device_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
