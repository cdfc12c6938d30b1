#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/theory/theory_output.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/number_option.h"
#include "tools/path_options.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kTheoryExamples =
    "  farfield theory --lambda 0.01,0.1,1,10,100 --out runs/curves\n"
    "  farfield theory --lambda 0.01,1,100 --process ddpm --out runs/ddpm\n"
    "  farfield theory --data mnist:DIR,pad=32 --out runs/features\n"
    "  farfield theory --model assets/glyphs.safetensors --data glyphs --out runs/theory\n"
    "  farfield theory --model net.safetensors --gaussian gaussian.safetensors --solver dpmpp_3m --steps 40 \\\n"
    "    --components 1,2,5,10,50 --perturb-at 20,5,1,0.2 --out runs/perturbed\n";

struct TheoryArguments {
  PathArguments paths;
  std::string data, gaussian, eigenvalues, components, perturb_at;
  TheoryOptions options;
  std::optional<int64_t> perturbed;
};

template <class Number>
std::vector<Number> list_of(const std::string& text, const std::string& option,
                            Number (*parse)(std::string_view, std::string_view)) {
  std::vector<Number> numbers;
  for (const std::string& one : split(text, ',')) numbers.push_back(parse(one, option));
  return numbers;
}

// The Gaussian and its samples' shape; a fingerprint of what it comes from.
std::string open_gaussian(const TheoryArguments& arguments, TheoryInputs& inputs) {
  if (!arguments.gaussian.empty()) {
    inputs.gaussian = read_gaussian(arguments.gaussian);
    inputs.sample_shape = read_reference(arguments.gaussian).sample_shape;
    inputs.gaussian_text = arguments.gaussian;
    return model_sha256(arguments.gaussian);
  }
  if (arguments.data.empty()) return "";
  const auto data = open_data(arguments.data);
  inputs.gaussian = measure_gaussian(*data, 0, world());
  inputs.sample_shape = data->info().shape;
  inputs.gaussian_text = "gaussian:" + data->info().name;
  return data->info().fingerprint;
}

TheoryOptions options_of(const TheoryArguments& arguments, const Context& context, const TheoryInputs& inputs) {
  TheoryOptions options = arguments.options;
  options.solver = arguments.paths.run.solver;
  options.eigenvalues = list_of(arguments.eigenvalues, "--lambda", parse_double);
  options.components = list_of(arguments.components, "--components", parse_int);
  options.perturb_at = list_of(arguments.perturb_at, "--perturb-at", parse_double);
  options.perturbed = arguments.perturbed.value_or(arguments.paths.paper ? 64 : TheoryOptions().perturbed);
  const std::vector<int64_t> any = inputs.gaussian ? inputs.sample_shape : std::vector<int64_t>{1};
  const DenoiserInfo info = inputs.model ? inputs.model->info()
                                         : DenoiserInfo{.name = "a Gaussian", .sample_shape = any};
  options.request = path_request(context, arguments.paths, info, arguments.paths.paper ? "0-255" : "0-63");
  return options;
}

RunInfo info_of(const TheoryArguments& arguments, const Context& context, const TheoryInputs& inputs,
                const std::string& fingerprint) {
  RunInfo info = record_of(context);
  if (inputs.model) add_inputs(info, arguments.paths.run);
  if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
  if (!arguments.data.empty()) info.add_text("data_fingerprint", fingerprint);
  return info;
}

void report(const Context& context, const std::string& answer, const std::string& page) {
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

void run(const TheoryArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "theory", arguments.paths.run.out)); });
  TheoryInputs inputs;
  const std::string fingerprint = open_gaussian(arguments, inputs);
  if (!arguments.paths.run.model.empty()) {
    Context exact = context;  // small differences are measured: float32 unless another precision is asked for
    if (exact.precision == "auto") exact.precision = "fp32";
    inputs.model = open_model(exact, arguments.paths.run);
    inputs.model_text = arguments.paths.run.model;
  }
  TheoryOptions options = options_of(arguments, context, inputs);
  PathArguments perturbed = arguments.paths;
  perturbed.run.out += ".perturbations";
  const std::string also = dump_json(nlohmann::ordered_json{{"gaussian", fingerprint}});
  const PartStore parts = part_store(context, arguments.paths, also), more = part_store(context, perturbed, also);
  const TheoryRun result = run_theory(std::move(inputs), std::move(options), parts, more, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    save_theory(result, call, info_of(arguments, context, result.inputs, fingerprint), *folder);
    parts.remove();
    more.remove();
    report(context, theory_headline(result), (folder->target() / "report.html").string());
  });
}

}  // namespace

void add_theory_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<TheoryArguments>();
  CLI::App* command = add_command(app, context, "theory",
                                  "The exact theory of a Gaussian, and how a model's trajectories follow it.",
                                  kTheoryExamples, [arguments, &context] { run(*arguments, context); });
  add_path_options(*command, context, arguments->paths, "256 trajectories, 64 of them perturbed");
  command->get_option("--model")->required(false);
  TheoryOptions& options = arguments->options;
  CLI::Option* data = command->add_option("--data", arguments->data,
                                          "the data whose Gaussian it is, SRC\n" + data_source_help());
  command->add_option("--gaussian", arguments->gaussian, "that Gaussian as a file (farfield fit gaussian)")
      ->excludes(data);
  command->add_option("--lambda", arguments->eigenvalues,
                      "eigenvalues of the curves: 0.01,0.1,1,10,100; needs no data");
  command->add_option("--process", options.process, "of the curves: " + join(process_names(), ", "))
      ->capture_default_str();
  command->add_option("--space", options.space, "of the strips: ve, x; or vp, x / sqrt(1 + sigma^2)")
      ->capture_default_str();
  command->add_option("--components", arguments->components,
                      "of curves and perturbations: 1,2,5 (default: five over the spectrum)");
  command->add_option("--perturb-at", arguments->perturb_at,
                      "noise levels of the perturbations: 20,5,1 (default: five of the run)");
  command->add_option("--delta", options.delta, "size of a perturbation in units of sigma")
      ->transform(real_number(1e-6, 1))
      ->capture_default_str();
  command
      ->add_option("--perturbed", arguments->perturbed,
                   "trajectories that are perturbed, the first ones; 0: none (default: 4)")
      ->transform(whole_number(0, limits::kMostSeeds));
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
