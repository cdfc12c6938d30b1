#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/smoothing/smoothing_output.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_folder.h"
#include "core/stopwatch.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kSmoothingExamples =
    "  farfield smoothing --out runs/smoothing\n"
    "  farfield smoothing --points 2 --kappa 0.4 --t0 0.2 --out runs/two\n"
    "  farfield smoothing --learned-steps 0 --decay-steps 0 --out runs/closed\n"
    "  farfield smoothing --draws 512 --clip 50 --out runs/drawn\n"
    "  farfield smoothing --dimension 16 --starts 65536 --out runs/many\n";

struct SmoothingArguments {
  std::string out;
  SmoothingOptions options;
};

void run(const SmoothingArguments& arguments, const Context& context) {
  const Stopwatch clock;
  RunFolder folder(output_request(context, "smoothing", arguments.out));
  const SmoothingRun result = run_smoothing(arguments.options);
  save_smoothing(result, {context.command_line, "cpu", "fp64", clock.seconds()}, record_of(context), folder);
  const std::string page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", smoothing_headline(result)}, {"report", page}}));
  } else {
    print_line(smoothing_headline(result));
    print_line(page);
  }
}

}  // namespace

void add_smoothing_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<SmoothingArguments>();
  SmoothingOptions& options = arguments->options;
  CLI::App* command = add_command(app, context, "smoothing",
                                  "What smoothing the score of a few points does to the samples it makes.",
                                  kSmoothingExamples, [arguments, &context] { run(*arguments, context); });
  command->add_option("--points", options.points, "evenly on [-extent, extent] of the first axis")
      ->transform(whole_number(2, kMostLinePoints))
      ->capture_default_str();
  command->add_option("--extent", options.extent, "half the length of the line")
      ->transform(real_number(1e-6, 1e6))
      ->capture_default_str();
  command->add_option("--dimension", options.dimension, "of the space around it")
      ->transform(whole_number(1, kMostDimension))
      ->capture_default_str();
  command->add_option("--kappa", options.kappa, "smoothing is over tau = Delta - sqrt(kappa t), Delta half the gap")
      ->transform(real_number(1e-9, 1e9))
      ->capture_default_str();
  command->add_option("--t0", options.start_time, "time = sigma^2 that the processes start from")
      ->transform(real_number(1e-12, 1e12))
      ->capture_default_str();
  command->add_option("--step", options.step, "of Euler's method, in sigma = sqrt(t)")
      ->transform(real_number(1e-9, 1e6))
      ->capture_default_str();
  command->add_option("--starts", options.starts, "samples of p at t0")
      ->transform(whole_number(1, kMostStarts))
      ->capture_default_str();
  command->add_option("--learned-steps", options.learned_steps, "of learning the score over t; 0: no learned process")
      ->transform(whole_number(0, kMostLearningSteps))
      ->capture_default_str();
  command->add_option("--decay-steps", options.decay_steps, "of learning with weight decay at one t; 0: leave that out")
      ->transform(whole_number(0, kMostLearningSteps))
      ->capture_default_str();
  command->add_option("--hidden", options.hidden, "units in each hidden layer of what learns")
      ->transform(whole_number(1, kMostHidden))
      ->capture_default_str();
  command
      ->add_option("--draws", options.draws,
                   "of the smoothed score by drawn points, 512 in the document; 0: no such process")
      ->transform(whole_number(0, kMostDraws))
      ->capture_default_str();
  command->add_option("--clip", options.clip, "longest of the drawn scores, longer ones are cut to it; 0: as they are")
      ->transform(real_number(0, kLongestClip))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "of the starts, of what is drawn and of what is learned")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_threads_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
