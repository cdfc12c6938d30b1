#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/encoding/encode_run.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/run/run_folder.h"
#include "core/stopwatch.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "samplers/encode.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/model_run.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

using nlohmann::ordered_json;

struct EncodeArguments {
  ModelRun run;
  std::string data, against, gaussian;
};

// Levels end at sigma_min, where the data are taken to be.
std::vector<double> levels_above_zero(ModelRun run, const DenoiserInfo& model) {
  const bool by_formula = run.sigmas.empty() && run.schedule.schedule.find(':') == std::string::npos;
  if (by_formula && !run.schedule.final) run.schedule.final = "sigma_min";
  return levels_of(run, model);
}

// Everything opened that the call names, the options' faults first.
EncodeInputs open_encoding(const Context& context, const EncodeArguments& arguments, EncodeOptions& options) {
  const ModelRun& run = arguments.run;
  EncodeInputs inputs;
  inputs.model = open_model(context, run);
  options.levels = levels_above_zero(run, inputs.model->info());
  check_encodes(*make_solver(run.solver), options.levels);
  if (!arguments.against.empty())
    inputs.against = farfield::open_model(arguments.against, {context.device, context.precision, context.trust});
  if (!arguments.gaussian.empty()) inputs.gaussian = read_gaussian(arguments.gaussian);
  inputs.data = open_data(arguments.data);
  inputs.model_text = run.model;
  inputs.against_text = arguments.against;
  inputs.gaussian_text = arguments.gaussian;
  inputs.solver = run.solver;
  return inputs;
}

void add_inputs(RunInfo& info, const EncodeArguments& arguments) {
  for (const auto& [key, text] : settings_of(arguments.run)) info.add_text(key, text);
  add_inputs(info, arguments.run);
  if (!arguments.against.empty()) {
    if (const auto file = model_file(arguments.against); !file.empty()) info.add_input("against", file);
  }
  if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
}

void report_encoding(const Context& context, const RunFolder& folder, const EncodeRun& run) {
  const std::string out = folder.target().string();
  ordered_json result = parse_json(encode_result_json(run), "result");
  if (context.json) {
    result["out"] = out;
    fmt::print("{}\n", dump_json(result));
    return;
  }
  print_line(fmt::format("{}: {} latents, {} evaluations each; back with {}: rms error {:.3g}, largest {:.3g}", out,
                         run.clean.size(0), run.nfe, run.back.nfe, round_trip_rms(run),
                         result["max_error"].get<double>()));
  for (const OtherEncoding& other : run.others) {
    print_line(fmt::format("against {}: rms difference {:.3g}, cosine {:.4g}", other.name,
                           other.rms.mean().item<double>(), other.cosine.mean().item<double>()));
  }
  if (!run.others.empty()) print_line(out + "/report.html");
}

void run_encode_command(const Context& context, const EncodeArguments& arguments) {
  const Stopwatch clock;
  RunFolder folder(output_request(context, "encode", arguments.run.out));
  RunInfo info = record_of(context);
  EncodeOptions options{.levels = {}, .label = arguments.run.label, .batch = arguments.run.batch};
  options.device = parse_device(context.device);
  EncodeInputs inputs = open_encoding(context, arguments, options);
  const EncodeRun run = run_encode(std::move(inputs), std::move(options));
  add_inputs(info, arguments);
  save_encode(run, {context.command_line, context.device, context.precision, clock.seconds()}, std::move(info), folder);
  report_encoding(context, folder, run);
}

constexpr const char* kEncodeExamples =
    "  farfield encode --model assets/glyphs.safetensors --data glyphs,first=16 --out runs/latents\n"
    "  farfield encode --model a.safetensors --against b.safetensors --gaussian gaussian.safetensors --data D --out runs/ab\n"
    "  farfield sample --model assets/glyphs.safetensors --latents runs/latents/latents.npz --final sigma_min --out "
    "runs/back\n";

}  // namespace

void add_encode_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<EncodeArguments>();
  CLI::App* command = add_command(app, context, "encode",
                                  "Carries data up to noise along the ODE, and back to say how far off that is.",
                                  kEncodeExamples, [&context, arguments] { run_encode_command(context, *arguments); });
  add_model_run_options(*command, context, arguments->run);
  command->add_option("--data", arguments->data, data_source_help())->required();
  command->add_option("--against", arguments->against,
                      "another MODEL: difference and cosine between its latents of the same data and these");
  command->add_option("--gaussian", arguments->gaussian,
                      "a fitted Gaussian: the same against the latents of its closed form");
}

}  // namespace farfield::tools
