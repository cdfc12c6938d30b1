#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/study/study_run.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/shards.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "tools/command.h"
#include "tools/feature_options.h"
#include "tools/measure_options.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/option_config.h"
#include "tools/path_options.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kStudyExamples =
    "  farfield study --model assets/glyphs.safetensors --out runs/study\n"
    "  farfield study --model net.safetensors --gaussian gaussian.safetensors --nfe 4-20 --out runs/study\n"
    "  farfield study --model net.safetensors --solvers ipndm4 --solvers dpmpp_3m,predict=eps --schedules gits:gits.json --out runs/two\n"
    "  farfield study --model net.safetensors --measure fd --data mnist:DIR --seeds 0-1023 --solvers euler --solvers ipndm4 --out runs/fd\n"
    "  farfield sample --model net.safetensors --solver auto --nfe 8 --study runs/study/study.json --out runs/eight\n";

struct StudyArguments {
  std::string model, out, gaussian, data;
  StudyOptions options;
  bool resume = false;
};

void report(const StudyArguments& arguments, const Context& context, const StudyAdvice& advice) {
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"out", arguments.out},
                                                        {"advice", parse_json(serialize_advice(advice), "advice")}}));
    return;
  }
  fmt::print("nfe  solver, schedule, steps, start: distance from the reference (rms)\n");
  for (const auto& budget : advice.budgets) {
    const Advice& best = budget.teleported ? *budget.teleported : budget.plain;
    fmt::print("{:>3}  {}, {}, {}, {}: {:.3g}\n", budget.nfe, best.solver, best.schedule, best.steps,
               best.teleport ? fmt::format("teleported to {:.4g}", *best.teleport) : "noise", best.rms);
  }
  print_line(arguments.out + "/report.html");
}

StudyOptions study_options(const StudyArguments& arguments, const Context& context) {
  StudyOptions options = arguments.options;
  options.device = parse_device(context.device);
  options.measure.options = {context.trust, options.device, {}};
  options.measure.data = data_of_measure(arguments.data);
  (void)options.request();  // a text that cannot be read is an error before the long work
  if (!arguments.gaussian.empty()) options.gaussian = read_gaussian(arguments.gaussian);
  return options;
}

// Of what is kept, the ends of batches of seeds.
PartStore study_parts(const StudyArguments& arguments, const Context& context, const RecordedModel& model,
                      const StudyOptions& options) {
  nlohmann::ordered_json key = parse_json(options_json(*context.command), "options");
  key["model_sha256"] = model.sha256;
  key.update(key_of_measure(options.measure));
  return part_store(context, arguments.out, std::move(key), arguments.resume);
}

void run(const StudyArguments& arguments, const Context& context) {
  const StudyOptions options = study_options(arguments, context);
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "study", arguments.out)); });
  // Solvers are compared, not rounding: float32 unless another precision is asked for.
  const ModelOptions how = {context.device, context.precision == "auto" ? "fp32" : context.precision, context.trust};
  const auto model = open_model(arguments.model, how);
  const RecordedModel recorded{*model, arguments.model, model_sha256(arguments.model), precision_of(*model, how)};
  const PartStore parts = study_parts(arguments, context, recorded, options);
  const StudyResult result = run_study(recorded, options, parts, world());
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
    if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
    add_network(info, options.measure.features);
    const RunCall call{context.command_line, context.device, recorded.precision};
    save_study(result, arguments.gaussian, call, std::move(info), *folder);
    parts.remove();
    report(arguments, context, result.advice);
  });
}

}  // namespace

void add_study_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<StudyArguments>();
  CLI::App* command = add_command(app, context, "study",
                                  "Measures which solver and schedule come nearest within a budget", kStudyExamples,
                                  [&context, arguments] { run(*arguments, context); });
  command->add_option("--model", arguments->model, model_option_help())->required();
  command->add_option("--out", arguments->out, "folder to make")->required();
  command
      ->add_option("--solvers", arguments->options.solvers,
                   "SOLVER[,option=value...] or table:FILE, repeatable; all: every exact deterministic one")
      ->capture_default_str();
  command->add_option("--schedules", arguments->options.schedules, "schedules, repeatable, also gits:FILE")
      ->capture_default_str();
  command->add_option("--nfe", arguments->options.nfe, "budgets of evaluations: 4-20 or 4,8,16")->capture_default_str();
  command->add_option("--seeds", arguments->options.seeds, "trajectories")->capture_default_str();
  command->add_option("--class", arguments->options.label, "class of every trajectory; without it each seed draws one")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  CLI::Option* gaussian = command->add_option("--gaussian", arguments->gaussian,
                                              "fitted Gaussian: try every run teleported, too");
  command->add_option("--teleport", arguments->options.teleport, "level to teleport to, or auto")
      ->capture_default_str()
      ->needs(gaussian);
  command
      ->add_option(
          "--teleport-sweep", arguments->options.teleport_sweep,
          "steps N: also every solver over schedules of N steps with 0, 1, 2, ... levels skipped by the Gaussian")
      ->transform(whole_number(1, limits::kMostSteps))
      ->needs(gaussian);
  command->add_option("--reference", arguments->options.reference, "adaptive solver that errors are measured from")
      ->capture_default_str();
  add_measure_options(*command, arguments->options.measure, arguments->data);
  command->add_option("--batch", arguments->options.batch, "trajectories at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command
      ->add_flag("--resume", arguments->resume, "go on with the batches that a stopped run of this call has finished")
      ->configurable(false);
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
