#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/study/study_file.h"
#include "analysis/study/study_report.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "samplers/model_levels.h"
#include "samplers/teleport_auto.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kStudyExamples =
    "  farfield study --model assets/glyphs.safetensors --out runs/study\n"
    "  farfield study --model net.safetensors --gaussian gaussian.safetensors --nfe 4-20 --out runs/study\n"
    "  farfield study --model net.safetensors --solvers ipndm4 --solvers dpmpp_3m,predict=eps --schedules gits:gits.json --out runs/two\n"
    "  farfield sample --model net.safetensors --solver auto --nfe 8 --study runs/study/study.json --out runs/eight\n";

struct StudyArguments {
  std::string model, out, nfe = "4,6,8,10,12,16,20,30", seeds = "0-15", gaussian, teleport = "auto";
  std::vector<std::string> solvers = {"all"}, schedules = {"polynomial", "logsnr", "vp_uniform"};
  std::string reference = StudyRequest().reference;
  std::optional<int64_t> label;
  int64_t batch = 64;
};

StudyRequest request_of(const StudyArguments& arguments, const Context& context) {
  StudyRequest request;
  for (const auto& name : arguments.solvers) {
    const auto names = name == "all" ? study_solvers() : std::vector<std::string>{name};
    for (const auto& one : names) {
      if (std::find(request.solvers.begin(), request.solvers.end(), one) == request.solvers.end())
        request.solvers.push_back(one);
    }
  }
  request.schedules = arguments.schedules;
  request.nfe = parse_nfe(arguments.nfe);
  request.seeds = parse_seeds(arguments.seeds);
  request.label = arguments.label;
  request.reference = arguments.reference;
  request.batch = arguments.batch;
  request.device = parse_device(context.device);
  request.model_sha256 = model_sha256(arguments.model);
  return request;
}

// Where the closed form is left: the level named, or the lowest that the Gaussian explains.
Teleport teleport_of(const StudyArguments& arguments, const Denoiser& model, const StudyRequest& request) {
  Teleport teleport{0, read_gaussian(arguments.gaussian)};
  if (arguments.teleport != "auto") {
    teleport.sigma = parse_double(arguments.teleport, "--teleport");
    return teleport;
  }
  const TeleportSearch search{.batch = request.batch, .label = request.label, .device = request.device};
  const auto levels = resolve_levels({.steps = 40}, model.info());
  teleport.sigma = lowest_explained(measure_explained(model, teleport.gaussian, levels, search), search.threshold);
  return teleport;
}

Facts settings_of(const StudyArguments& arguments, const StudyRequest& request, const Study& study,
                  const std::string& precision) {
  Facts facts = {{"model", arguments.model + " (SHA-256 " + request.model_sha256 + ")"},
                 {"reference", fmt::format("{}, {} evaluations", request.reference, study.reference_nfe)},
                 {"solvers", join(request.solvers, ", ")},
                 {"schedules", join(request.schedules, ", ")},
                 {"seeds", arguments.seeds},
                 {"evaluations", fmt::format("{} denoiser calls, {} of them answered by an equal one before",
                                             study.evaluations, study.reused)},
                 {"precision", precision},
                 {"program", version_line()}};
  if (request.teleport) {
    facts.emplace_back("teleport",
                       fmt::format("to sigma {} by {}", format_double(request.teleport->sigma), arguments.gaussian));
  }
  return facts;
}

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

void run(const StudyArguments& arguments, const Context& context) {
  StudyRequest request = request_of(arguments, context);
  RunFolder folder(output_request(context, "study", arguments.out));
  RunInfo info = record_of(context);
  // Solvers are compared, not rounding: float32 unless another precision is asked for.
  const ModelOptions how = {context.device, context.precision == "auto" ? "fp32" : context.precision, context.trust};
  const auto model = open_model(arguments.model, how);
  const std::string precision = precision_of(*model, how);
  if (!arguments.gaussian.empty()) request.teleport = teleport_of(arguments, *model, request);
  std::optional<Progress> progress;
  request.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  request.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  const Study study = run_study(*model, request);
  progress.reset();

  const StudyAdvice advice = advise(study, request, arguments.model);
  write_file_atomically(folder.path("study.json"), serialize_advice(advice));
  write_study_report(
      {study, request, arguments.model, context.command_line, settings_of(arguments, request, study, precision)},
      folder);
  info.add_text("model", arguments.model);
  info.add_text("reference", request.reference);
  info.add_number("reference_nfe", static_cast<double>(study.reference_nfe));
  info.add_number("evaluations", static_cast<double>(study.evaluations));
  info.add_number("evaluations_reused", static_cast<double>(study.reused));
  info.add_text("precision", precision);
  if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
  if (!arguments.gaussian.empty()) info.add_input("gaussian", arguments.gaussian);
  folder.commit(info);
  report(arguments, context, advice);
}

}  // namespace

void add_study_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<StudyArguments>();
  CLI::App* command = add_command(app, context, "study",
                                  "Measures which solver and schedule come nearest within a budget", kStudyExamples,
                                  [&context, arguments] { run(*arguments, context); });
  command->add_option("--model", arguments->model, "network, reference file, run folder or delta:SRC")->required();
  command->add_option("--out", arguments->out, "folder to make")->required();
  command
      ->add_option("--solvers", arguments->solvers,
                   "SOLVER[,option=value...], repeatable; all: every exact deterministic one")
      ->capture_default_str();
  command->add_option("--schedules", arguments->schedules, "schedules, repeatable, also gits:FILE")
      ->capture_default_str();
  command->add_option("--nfe", arguments->nfe, "budgets of evaluations: 4-20 or 4,8,16")->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "trajectories")->capture_default_str();
  command->add_option("--class", arguments->label, "class of every trajectory; without it each seed draws one")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  CLI::Option* gaussian = command->add_option("--gaussian", arguments->gaussian,
                                              "fitted Gaussian: try every run teleported, too");
  command->add_option("--teleport", arguments->teleport, "level to teleport to, or auto")
      ->capture_default_str()
      ->needs(gaussian);
  command->add_option("--reference", arguments->reference, "adaptive solver that errors are measured from")
      ->capture_default_str();
  command->add_option("--batch", arguments->batch, "trajectories at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
