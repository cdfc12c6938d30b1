#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/run_folder.h"
#include "core/run_info.h"
#include "core/text.h"
#include "models/guidance.h"
#include "models/model_registry.h"
#include "models/reference_file.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/noise_levels.h"
#include "samplers/sampler.h"
#include "samplers/solver_registry.h"
#include "samplers/teleport_auto.h"
#include "tools/command.h"
#include "tools/sample_files.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

struct Options {
  std::string model, solver = "heun", seeds = "0-63", sigmas, churn, teleport, gaussian, out;
  ScheduleRequest schedule;
  std::optional<double> teleport_threshold, guidance, threshold, ode_jump;
  std::optional<int64_t> label;
  int64_t batch = 64;
  bool trajectory = false, afs = false, denoise_to_zero = false;
};

// What run.json and the PNG's text say beside the request itself.
std::map<std::string, std::string> settings_of(const Options& options) {
  std::map<std::string, std::string> settings = {{"model", options.model},
                                                 {"solver", options.solver},
                                                 {"solver_resolved", resolve_solver(options.solver)},
                                                 {"schedule", options.sigmas.empty() ? options.schedule.schedule : "list"},
                                                 {"seeds", options.seeds}};
  if (!options.teleport.empty()) settings["gaussian"] = options.gaussian;
  if (options.guidance) settings["guidance"] = format_double(*options.guidance);
  return settings;
}

void add_inputs(RunInfo& info, const Options& options) {
  if (const auto file = model_file(options.model); !file.empty()) info.add_input("model", file);
  if (!options.teleport.empty()) info.add_input("gaussian", options.gaussian);
  if (const auto file = schedule_file(options.schedule); !file.empty()) info.add_input("schedule", file);
}

// The level to teleport to: as given, or measured, and then on record.
double teleport_level(const Options& options, const Denoiser& model, const SampleRequest& request, RunInfo& info) {
  if (options.teleport != "auto") return parse_double(options.teleport, "--teleport");
  TeleportSearch search{.batch = request.batch, .label = request.label, .device = request.device};
  search.threshold = options.teleport_threshold.value_or(search.threshold);
  SampleRequest whole = request;
  whole.teleport.reset();
  const auto measured = measure_explained(model, request.teleport->gaussian, whole.levels_run(), search);
  const double sigma = lowest_explained(measured, search.threshold);
  info.add("teleport_auto", nlohmann::ordered_json{{"threshold", search.threshold},
                                                   {"probes", search.probes},
                                                   {"evaluations_per_probe", measured.evaluations},
                                                   {"sigmas", measured.sigmas},
                                                   {"explained", measured.explained},
                                                   {"sigma", sigma}}
                                .dump());
  log::info(fmt::format("teleport auto: sigma {:.4g}, the lowest level from which on the Gaussian explains {} of the score",
                        sigma, format_double(search.threshold)));
  return sigma;
}

void report(const Context& context, const RunFolder& folder, const Samples& samples) {
  const std::string out = folder.target().string();
  if (context.json) {
    auto summary = nlohmann::ordered_json::parse(result_json(samples));
    summary["out"] = out;
    fmt::print("{}\n", summary.dump());
    return;
  }
  const int64_t count = samples.x.size(0);
  fmt::print("{}: {} samples, {} evaluations each, {:.3g} s ({:.3g} s per sample)\n", out, count, samples.nfe,
             samples.seconds, samples.seconds / static_cast<double>(count));
}

// Everything of the request that needs no model.
SampleRequest request_of(const Context& context, const Options& options) {
  SampleRequest request;
  request.seeds = parse_seeds(options.seeds);
  if (!options.churn.empty()) request.churn = parse_churn(options.churn);
  request.label = options.label;
  request.batch = options.batch;
  request.afs = options.afs;
  request.threshold = options.threshold;
  request.denoise_to_zero = options.denoise_to_zero;
  request.ode_jump = options.ode_jump;
  request.trajectory = options.trajectory;
  request.device = parse_device(context.device);
  return request;
}

void run_sample(const Context& context, const Options& options) {
  if (options.teleport_threshold && options.teleport != "auto") {
    throw usage_error("teleport: --teleport-threshold applies to --teleport auto only; leave it out");
  }
  const auto solver = make_solver(options.solver);
  ScheduleRequest schedule = options.schedule;
  if (!options.sigmas.empty()) schedule.sigmas = parse_levels(options.sigmas);
  if (schedule.schedule.starts_with("gits:")) schedule.model_sha256 = model_sha256(options.model);
  SampleRequest request = request_of(context, options);

  RunFolder folder(options.out, context.force);
  RunInfo info(context.command_line);
  std::shared_ptr<const Denoiser> model =
      open_model(options.model, {context.device, context.precision, context.trust});
  if (options.guidance) model = make_guidance(model, *options.guidance);
  request.levels = resolve_levels(schedule, model->info());
  if (!options.teleport.empty()) {
    request.teleport = Teleport{request.levels.front(), read_gaussian(options.gaussian)};
    request.validate(model->info());
    request.teleport->sigma = teleport_level(options, *model, request, info);
  }
  request.validate(model->info());

  const auto count = static_cast<int64_t>(request.seeds.size());
  Progress progress("sampling", count * count_evaluations(*solver, request), "evaluations");
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto samples = sample(*model, *solver, request);

  auto settings = settings_of(options);
  for (const auto& [key, text] : settings) info.add_text(key, text);
  info.add("sampling", request_json(request));
  info.add("result", result_json(samples));
  add_inputs(info, options);
  settings["sampling"] = request_json(request);
  settings["result"] = result_json(samples);
  write_samples(folder, samples, settings);
  info.write(folder.path("run.json"));
  folder.commit();
  report(context, folder, samples);
}

constexpr const char* kExamples =
    "  farfield sample --model assets/glyphs.safetensors --out runs/glyphs\n"
    "  farfield sample --model net.safetensors --steps 40 --churn 40,0.05,50,1.003 --seeds 0-9999 --out runs/churn\n"
    "  farfield sample --model net.safetensors --teleport auto --gaussian gaussian.safetensors --out runs/teleport\n";

}  // namespace

void add_sample_command(CLI::App& app, Context& context) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, context, "sample", "Draws samples from a model, one for every seed.", kExamples,
                                  [&context, options] { run_sample(context, *options); });
  command->add_option("--model", options->model, "network, reference file, run folder or delta:SRC")->required();
  command->add_option("--out", options->out, "folder to make")->required();
  command->add_option("--solver", options->solver, "SOLVER[,option=value...], see the list below")
      ->capture_default_str();
  CLI::Option* name = add_schedule_options(*command, "--schedule", options->schedule);
  command->add_option("--sigmas", options->sigmas, "the levels themselves, falling: 80,10,1,0")->excludes(name);
  command->add_option("--churn", options->churn, "EDM's S,MIN,MAX,NOISE [0,0,inf,1]");
  command->add_flag("--afs", options->afs, "first evaluation analytical: D of N(0, I), one evaluation less");
  command->add_option("--threshold", options->threshold,
                      "dynamic thresholding of every D at this quantile, for data in [-1, 1] (0.995 is usual)");
  CLI::Option* denoise = command->add_flag("--denoise-to-zero", options->denoise_to_zero,
                                           "end with x = D(x; sigma_N), for levels that end above 0");
  command->add_option("--ode-jump", options->ode_jump, "leave the trajectory at this level and return D there")
      ->excludes(denoise);
  command->add_option("--seeds", options->seeds, "one sample a seed: 0-63 or 1,5,10-20")->capture_default_str();
  command->add_option("--class", options->label, "class of every sample; without it each seed draws one");
  command->add_option("--guidance", options->guidance, "classifier-free guidance: D_u + W (D_c - D_u); 1: none");
  command->add_option("--batch", options->batch, "samples at a time; does not change them")->capture_default_str();
  CLI::Option* teleport = command->add_option("--teleport", options->teleport,
                                              "start at this level by closed form; auto: the lowest it explains");
  command->add_option("--teleport-threshold", options->teleport_threshold,
                      "part of the score the Gaussian must explain for auto [0.99]");
  CLI::Option* gaussian = command->add_option("--gaussian", options->gaussian, "fitted Gaussian for --teleport");
  command->footer("Solvers:\n" + solver_help());
  teleport->needs(gaussian);
  gaussian->needs(teleport);
  command->add_flag("--trajectory", options->trajectory, "keep the state after every step, and the levels");
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
