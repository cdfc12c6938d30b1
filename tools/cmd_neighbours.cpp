#include <algorithm>
#include <memory>
#include <optional>

#include "analysis/features/sample_source.h"
#include "analysis/neighbours/neighbours_run.h"
#include "core/comm.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"

namespace farfield::tools {
namespace {

constexpr const char* kNeighboursExamples =
    "  farfield neighbours --samples runs/heun --data glyphs --out runs/neighbours\n"
    "  farfield neighbours --samples mnist:DIR,split=test,first=64 --data mnist:DIR --k 10 --out runs/n\n";

struct NeighboursArguments {
  std::string samples, data, out;
  std::optional<int64_t> k;
};

constexpr int64_t kUsualNeighbours = 5;

void run_neighbours_command(const NeighboursArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "neighbours", arguments.out)); });
  NeighboursInputs inputs{open_samples(arguments.samples).all(), arguments.samples, open_data(arguments.data)};
  inputs.k = arguments.k.value_or(std::min(kUsualNeighbours, inputs.data->info().count));
  const NeighboursRun run = run_neighbours(std::move(inputs), world());
  do_on_root(world(), [&] {
    save_neighbours(run, {context.command_line, "cpu", "float64", clock.seconds()}, record_of(context), *folder);
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
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_threads_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
