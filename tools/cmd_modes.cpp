#include <memory>
#include <optional>

#include "analysis/features/sample_source.h"
#include "analysis/modes/modes_run.h"
#include "core/comm.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"

namespace farfield::tools {
namespace {

constexpr const char* kModesExamples =
    "  farfield modes --data moons --bandwidth 0.05:2:12 --out runs/modes\n"
    "  farfield modes --data glyphs,count=512 --bandwidth 1,2,4 --from runs/heun --out runs/m\n";

struct ModesArguments {
  std::string data, bandwidths, from, out;
  MeanShiftOptions options;
};

void run_modes_command(const ModesArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "modes", arguments.out)); });
  ModesInputs inputs;
  inputs.bandwidths = parse_bandwidths(arguments.bandwidths);
  inputs.data = open_data(arguments.data);
  inputs.starts_text = arguments.from;
  if (!arguments.from.empty()) inputs.starts = open_samples(arguments.from).all();
  inputs.options = arguments.options;
  const ModesRun run = run_modes(std::move(inputs), world());
  do_on_root(world(), [&] {
    save_modes(run, {context.command_line, "cpu", "float64", clock.seconds()}, record_of(context), *folder);
    print_answer(context, modes_headline(run), *folder);
  });
}

}  // namespace

void add_modes_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ModesArguments>();
  CLI::App* command = add_command(app, context, "modes", "Counts the modes of the data's kernel density by mean shift.",
                                  kModesExamples, [arguments, &context] { run_modes_command(*arguments, context); });
  command->add_option("--data", arguments->data, data_source_help())->required();
  command->add_option("--bandwidth", arguments->bandwidths, "of the density: 0.5, 0.1,0.5,1 or LOW:HIGH:COUNT")
      ->required();
  command->add_option("--from", arguments->from,
                      "start from these samples (as --samples of farfield neighbours), not from every data point");
  command->add_option("--max-iterations", arguments->options.max_iterations, "of one start")
      ->transform(whole_number(1, limits::kMostIterations))
      ->capture_default_str();
  command->add_option("--batch", arguments->options.batch, "starts at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_threads_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
