#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/symmetry/symmetry_output.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "tools/command.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kSymmetryExamples =
    "  farfield symmetry --out runs/two-points\n"
    "  farfield symmetry --pair 3 --potentials 6,4,2 --out runs/three\n"
    "  farfield symmetry --model delta:mnist:DIR,pad=32,first=10000 --data mnist:DIR,pad=32 --out runs/exact\n"
    "  farfield symmetry --model assets/glyphs.safetensors --class 3 --out runs/threes\n";

struct SymmetryArguments {
  std::string model, data, gaussian, potentials, out;
  SymmetryOptions options;
};

SymmetryInputs open_inputs(const SymmetryArguments& arguments, const Context& context) {
  SymmetryInputs inputs;
  if (!arguments.model.empty()) {
    // Small differences are measured: float32 unless another precision is asked for.
    const std::string precision = context.precision == "auto" ? "fp32" : context.precision;
    inputs.model = farfield::open_model(arguments.model, {context.device, precision, context.trust});
    inputs.model_text = arguments.model;
  }
  if (!arguments.gaussian.empty()) {
    inputs.gaussian = read_gaussian(arguments.gaussian);
    inputs.gaussian_text = arguments.gaussian;
  } else if (!arguments.data.empty()) {
    const auto data = open_data(arguments.data);
    inputs.gaussian = measure_gaussian(*data);
    inputs.gaussian_text = "gaussian:" + data->info().name;
  }
  return inputs;
}

void run(const SymmetryArguments& arguments, const Context& context) {
  const Stopwatch clock;
  RunFolder folder(output_request(context, "symmetry", arguments.out));
  RunInfo info = record_of(context);
  SymmetryOptions options = arguments.options;
  options.device = parse_device(context.device);
  for (const std::string& level : split(arguments.potentials, ','))
    options.potentials.push_back(parse_double(level, "--potentials"));
  const SymmetryRun result = run_symmetry(open_inputs(arguments, context), std::move(options));
  if (!arguments.model.empty()) {
    if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
  }
  if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
  save_symmetry(result, {context.command_line, context.device, context.precision, clock.seconds()}, std::move(info),
                folder);
  const std::string answer = symmetry_headline(result), page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

}  // namespace

void add_symmetry_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<SymmetryArguments>();
  CLI::App* command = add_command(app, context, "symmetry",
                                  "Finds where sampling decides: fixed points of the drift and their stability.",
                                  kSymmetryExamples, [arguments, &context] { run(*arguments, context); });
  SymmetryOptions& options = arguments->options;
  CLI::Option* model = command->add_option("--model", arguments->model, model_option_help());
  command->add_option("--pair", options.pair, "without a model: data at -A and +A on a line")
      ->transform(real_number(1e-6, 1e6))
      ->capture_default_str()
      ->excludes(model);
  CLI::Option* data = command->add_option("--data", arguments->data,
                                          "data whose Gaussian is held beside, SRC\n" + data_source_help());
  command->add_option("--gaussian", arguments->gaussian, "that Gaussian as a file (farfield fit gaussian)")
      ->excludes(data);
  command->add_option("--class", options.label, "class of a model with labels; without it it is asked for none")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--sigma-max", options.sigma_max, "first noise level (default: 80 or the model's highest; 10 A)")
      ->transform(real_number(limits::kLowestSigma, limits::kHighestSigma));
  command
      ->add_option("--sigma-min", options.sigma_min, "last noise level (default: 0.05 or the model's lowest; A / 10)")
      ->transform(real_number(limits::kLowestSigma, limits::kHighestSigma));
  command->add_option("--levels", options.levels, "noise levels, uniform in ln sigma")
      ->transform(whole_number(2, limits::kMostGridPoints))
      ->capture_default_str();
  command->add_option("--potentials", arguments->potentials,
                      "noise levels of the potentials: 3,1,0.5 (default: four around the critical one)");
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
