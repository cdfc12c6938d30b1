#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/study/study_file.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_registry.h"
#include "samplers/integrate.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/teleport_auto.h"
#include "tools/latents_file.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/print.h"
#include "tools/sample_files.h"

namespace farfield::tools {
namespace {

constexpr const char* kSeeds = "0-63";

struct SampleOptions {
  ModelRun run;
  std::string seeds, latents, churn, teleport, gaussian, study;
  std::optional<int64_t> nfe;
  std::optional<double> teleport_threshold, threshold, ode_jump;
  bool trajectory = false, afs = false, denoise_to_zero = false;
};

// What run.json and the PNG's text say beside the request itself.
std::map<std::string, std::string> settings_of(const SampleOptions& options) {
  auto settings = settings_of(options.run);
  settings["seeds"] = !options.seeds.empty() ? options.seeds : options.latents.empty() ? kSeeds : "one a latent";
  if (!options.latents.empty()) settings["latents"] = options.latents;
  if (!options.teleport.empty()) settings["gaussian"] = options.gaussian;
  if (!options.study.empty()) settings["study"] = options.study;
  return settings;
}

void add_inputs(RunInfo& info, const SampleOptions& options) {
  add_inputs(info, options.run);
  if (!options.latents.empty()) info.add_input("latents", options.latents);
  if (!options.teleport.empty()) info.add_input("gaussian", options.gaussian);
  if (!options.study.empty()) info.add_input("study", options.study);
}

// --solver auto: solver, schedule, steps and teleport that a study found best within --nfe evaluations.
void choose_by_study(SampleOptions& options) {
  ModelRun& run = options.run;
  const ScheduleRequest plain;
  if (run.solver != "auto") {
    if (options.nfe || !options.study.empty())
      throw usage_error("--nfe and --study apply to --solver auto only; leave them out");
    return;
  }
  if (!options.nfe || options.study.empty()) {
    throw usage_error(
        "--solver auto needs --nfe N and --study FILE, the study.json that farfield study wrote for this model");
  }
  if (run.schedule.steps || run.schedule.schedule != plain.schedule || !run.sigmas.empty() ||
      !options.teleport.empty()) {
    throw usage_error(
        "--solver auto chooses schedule, steps and teleport itself; leave --schedule, --steps, --sigmas and --teleport out");
  }
  const Advice advice = advice_for(options.study, run.model, *options.nfe, !options.gaussian.empty());
  run.solver = advice.solver;
  run.schedule.schedule = advice.schedule;
  run.schedule.steps = advice.steps;
  if (advice.teleport) options.teleport = format_double(*advice.teleport);
  log::info(fmt::format("auto: {} over {}, {} steps{}", run.solver, advice.schedule, advice.steps,
                        advice.teleport ? ", teleported to " + options.teleport : ""));
}

// The levels of the run. A study lays a teleported schedule from the teleport's level on.
std::vector<double> levels_of(const SampleOptions& options, const DenoiserInfo& model) {
  if (options.study.empty() || options.teleport.empty()) return levels_of(options.run, model);
  ModelRun rest = options.run;
  const double first = resolve_levels({.steps = 2}, model).front();
  rest.schedule.sigma_max = parse_double(options.teleport, "--teleport");
  auto levels = levels_of(rest, model);
  levels.insert(levels.begin(), first);
  return levels;
}

double measure_teleport_level(const SampleOptions& options, const Denoiser& model, const SampleRequest& request,
                              const GaussianStats& gaussian, RunInfo& info) {
  TeleportSearch search{.batch = request.batch, .label = request.label, .device = request.device};
  search.threshold = options.teleport_threshold.value_or(search.threshold);
  SampleRequest whole = request;
  whole.teleport.reset();
  const auto measured = measure_explained(model, gaussian, whole.levels_run(), search);
  const double sigma = lowest_explained(measured, search.threshold);
  info.add("teleport_auto", dump_json(nlohmann::ordered_json{{"threshold", search.threshold},
                                                             {"probes", search.probes},
                                                             {"evaluations_per_probe", measured.evaluations},
                                                             {"sigmas", measured.sigmas},
                                                             {"explained", measured.explained},
                                                             {"sigma", sigma}}));
  log::info(
      fmt::format("teleport auto: sigma {:.4g}, the lowest level from which on the Gaussian explains {} of the "
                  "score",
                  sigma, format_double(search.threshold)));
  return sigma;
}

// The level to teleport to: as given, or measured by the root, and then on record.
double teleport_level(const SampleOptions& options, const Denoiser& model, const SampleRequest& request,
                      const GaussianStats& gaussian, RunInfo& info) {
  if (options.teleport != "auto") return parse_double(options.teleport, "--teleport");
  return on_root(world(),
                 [&] {
    return Tensors{torch::full({1}, measure_teleport_level(options, model, request, gaussian, info), torch::kFloat64)};
  })[0]
      .item<double>();
}

void report(const Context& context, const RunFolder& folder, const Samples& samples) {
  const std::string out = folder.target().string();
  if (context.json) {
    fmt::print("{}\n", summary_json(samples, out));
    return;
  }
  const int64_t count = samples.x.size(0);
  print_line(fmt::format("{}: {} samples, {} evaluations each, {:.3g} s ({:.3g} s per sample)", out, count, samples.nfe,
                         samples.seconds, samples.seconds / static_cast<double>(count)));
}

// Everything of the request that needs no model.
SampleRequest request_of(const Context& context, const SampleOptions& options) {
  SampleRequest request;
  if (options.latents.empty()) request.seeds = parse_seeds(options.seeds.empty() ? kSeeds : options.seeds);
  if (!options.churn.empty()) request.churn = parse_churn(options.churn);
  request.label = options.run.label;
  request.batch = options.run.batch;
  request.afs = options.afs;
  request.threshold = options.threshold;
  request.denoise_to_zero = options.denoise_to_zero;
  request.ode_jump = options.ode_jump;
  request.trajectory = options.trajectory;
  request.device = parse_device(context.device);
  return request;
}

void write(const SampleOptions& options, const SampleRequest& request, const Samples& samples, RunFolder& folder,
           RunInfo& info) {
  auto settings = settings_of(options);
  for (const auto& [key, text] : settings) info.add_text(key, text);
  info.add("sampling", request_json(request));
  info.add("result", result_json(samples));
  add_inputs(info, options);
  settings["sampling"] = request_json(request);
  settings["result"] = result_json(samples);
  write_samples(folder, samples, settings);
  folder.commit(info);
}

void run_sample(const Context& context, SampleOptions options) {
  choose_by_study(options);
  if (options.gaussian.empty() != options.teleport.empty() && options.study.empty()) {
    throw usage_error("--teleport and --gaussian belong together: give both, or neither");
  }
  if (options.teleport_threshold && options.teleport != "auto") {
    throw usage_error("teleport: --teleport-threshold applies to --teleport auto only; leave it out");
  }
  const auto solver = make_solver(options.run.solver);
  SampleRequest request = request_of(context, options);

  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "sample", options.run.out)); });
  RunInfo info = record_of(context);
  const auto model = open_model(context, options.run);
  request.levels = levels_of(options, model->info());
  if (!options.latents.empty()) start_from_file(options.latents, options.seeds, model->info(), request);
  if (!options.teleport.empty()) {
    const GaussianStats gaussian = read_gaussian(options.gaussian);
    request.teleport = Teleport{request.levels.front(), gaussian};
    request.validate(model->info());
    request.teleport->sigma = teleport_level(options, *model, request, gaussian, info);
  }
  request.validate(model->info());

  const auto count = static_cast<int64_t>(request.seeds.size());
  Progress progress("sampling", count * count_evaluations(*solver, request), "evaluations");
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto samples = sample(*model, *solver, request, world());
  do_on_root(world(), [&] {
    write(options, request, samples, *folder, info);
    report(context, *folder, samples);
  });
}

constexpr const char* kSampleExamples =
    "  farfield sample --model assets/glyphs.safetensors --out runs/glyphs\n"
    "  farfield sample --model net.safetensors --steps 40 --churn 40,0.05,50,1.003 --seeds 0-9999 --out runs/churn\n"
    "  farfield sample --model net.safetensors --teleport auto --gaussian gaussian.safetensors --out runs/teleport\n"
    "  farfield sample --model net.safetensors --solver auto --nfe 8 --study runs/study/study.json --out runs/eight\n"
    "  mpirun -n 4 farfield sample --model net.safetensors --seeds 0-49999 --out runs/many\n";

}  // namespace

void add_sample_command(CLI::App& app, Context& context) {
  const auto options = std::make_shared<SampleOptions>();
  CLI::App* command = add_command(app, context, "sample", "Draws samples from a model, one for every seed.",
                                  kSampleExamples, [&context, options] { run_sample(context, *options); });
  add_model_run_options(*command, context, options->run);
  command->add_option("--churn", options->churn, "EDM's S,MIN,MAX,NOISE [0,0,inf,1]");
  command->add_flag("--afs", options->afs, "first evaluation analytical: D of N(0, I), one evaluation less");
  command
      ->add_option("--threshold", options->threshold,
                   "dynamic thresholding of every D at this quantile, for data in [-1, 1] (0.995 is usual)")
      ->transform(real_number(0, 1));
  CLI::Option* denoise = command->add_flag("--denoise-to-zero", options->denoise_to_zero,
                                           "end with x = D(x; sigma_N), for levels that end above 0");
  command->add_option("--ode-jump", options->ode_jump, "leave the trajectory at this level and return D there")
      ->transform(real_number(limits::kLowestSigma, limits::kHighestSigma))
      ->excludes(denoise);
  command->add_option("--seeds", options->seeds, "one sample a seed: 0-63 or 1,5,10-20 [0-63]");
  command->add_option("--latents", options->latents, "start from the latents of this file (farfield encode) instead");
  CLI::Option* teleport = command->add_option("--teleport", options->teleport,
                                              "start at this level by closed form; auto: the lowest it explains");
  command
      ->add_option("--teleport-threshold", options->teleport_threshold,
                   "part of the score the Gaussian must explain for auto [0.99]")
      ->transform(real_number(0, 1));
  CLI::Option* gaussian = command->add_option("--gaussian", options->gaussian,
                                              "fitted Gaussian for --teleport, or for what --solver auto finds");
  teleport->needs(gaussian);
  command->add_option("--nfe", options->nfe, "with --solver auto: the most evaluations")
      ->transform(whole_number(1, limits::kMostEvaluations));
  command->add_option("--study", options->study, "with --solver auto: study.json of farfield study");
  command->add_flag("--trajectory", options->trajectory,
                    "keep the state after every step, the D that it began with, and the levels");
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
