#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/sampling/sharded_sampling.h"
#include "analysis/study/study_file.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/shards.h"
#include "core/stopwatch.h"
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
#include "tools/option_config.h"
#include "tools/path_options.h"
#include "tools/print.h"
#include "tools/sample_files.h"

namespace farfield::tools {
namespace {

constexpr const char* kSeeds = "0-63";

struct SampleOptions {
  ModelRun run;
  std::string seeds, latents, churn, teleport, gaussian, study;
  std::optional<int64_t> nfe, shard;
  std::optional<double> teleport_threshold, threshold, ode_jump;
  bool trajectory = false, afs = false, denoise_to_zero = false, resume = false;
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

void report(const Context& context, const RunFolder& folder, const std::string& result) {
  const std::string out = folder.target().string();
  if (context.json) {
    fmt::print("{}\n", summary_json(result, out));
    return;
  }
  const auto json = parse_json(result, "result");
  const auto& of_one = json["seconds_per_sample"];
  print_line(fmt::format("{}: {} samples{}, {} evaluations each, {:.3g} s{}", out, json["samples"].get<int64_t>(),
                         json.contains("shards") ? fmt::format(" in {} shards", json["shards"].get<int64_t>()) : "",
                         json["nfe_per_sample"].get<int64_t>(), json["seconds"].get<double>(),
                         of_one.is_null() ? "" : fmt::format(" ({:.3g} s per sample)", of_one.get<double>())));
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

// run.json's part, and the settings that a picture tells.
std::map<std::string, std::string> record(const SampleOptions& options, const SampleRequest& request,
                                          const std::string& result, RunInfo& info) {
  auto settings = settings_of(options);
  for (const auto& [key, text] : settings) info.add_text(key, text);
  info.add("sampling", request_json(request));
  info.add("result", result);
  add_inputs(info, options);
  settings["sampling"] = request_json(request);
  settings["result"] = result;
  return settings;
}

// All that decides the numbers.
nlohmann::ordered_json key_of(const Context& context, const SampleOptions& options, const SampleRequest& request,
                              int64_t shard) {
  nlohmann::ordered_json key = parse_json(options_json(*context.command), "options");
  key["shard"] = shard;
  key["model_sha256"] = model_sha256(options.run.model);
  key["sampling"] = parse_json(request_json(request), "sampling");
  for (const auto* file : {&options.latents, &options.gaussian}) {
    if (!file->empty()) key[file == &options.latents ? "latents_sha256" : "gaussian_sha256"] = sha256_file(*file);
  }
  return key;
}

// The bar, in evaluations, with the samples a second that they make.
class SamplingProgress {
 public:
  SamplingProgress(int64_t samples, int64_t evaluations)
      : evaluations_(std::max<int64_t>(1, evaluations)), progress_("sampling", samples * evaluations, "evaluations") {}
  void advance(int64_t evaluations) {
    done_ += evaluations;
    const double samples = static_cast<double>(done_) / static_cast<double>(evaluations_);
    progress_.advance(evaluations, fmt::format("{:.3g} samples/s", samples / std::max(clock_.seconds(), 1e-9)));
  }

 private:
  int64_t evaluations_, done_ = 0;
  Progress progress_;
  Stopwatch clock_;
};

// What a run is made of.
struct Sampling {
  const Context& context;
  const SampleOptions& options;
  SampleRequest request;
  std::shared_ptr<const Denoiser> model;
  std::unique_ptr<const Solver> solver;
  std::optional<RunFolder> folder;  // the root's
  RunInfo info;
};

// All samples in memory and in one file.
void sample_whole(Sampling& run) {
  SamplingProgress progress(static_cast<int64_t>(run.request.seeds.size()),
                            count_evaluations(*run.solver, run.request));
  run.request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const Samples samples = sample(*run.model, *run.solver, run.request, world());
  do_on_root(world(), [&] {
    const std::string result = result_json(samples);
    write_samples(*run.folder, samples, record(run.options, run.request, result, run.info));
    run.folder->commit(std::move(run.info));
    report(run.context, *run.folder, result);
  });
}

void sample_shard_by_shard(Sampling& run, int64_t size) {
  const auto key = key_of(run.context, run.options, run.request, size);
  const PartStore parts = part_store(run.context, run.options.run.out, key, run.options.resume);
  const ShardIndex index{static_cast<int64_t>(run.request.seeds.size()), size, model_sha256(run.options.run.model),
                         sha256(dump_json(key))};
  SamplingProgress progress(index.samples - samples_kept(index, parts), count_evaluations(*run.solver, run.request));
  run.request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto samples = sample_to_shards(*run.model, *run.solver, run.request, index, kShownSamples, parts, world());
  do_on_root(world(), [&] {
    const std::string result = result_json(samples);
    write_look(*run.folder, samples.first, record(run.options, run.request, result, run.info));
    place_shards(index, parts, run.folder->path(kShardFolder));
    run.folder->commit(std::move(run.info));
    parts.remove();
    report(run.context, *run.folder, result);
  });
}

void run_sample(const Context& context, SampleOptions options) {
  choose_by_study(options);
  if (options.gaussian.empty() != options.teleport.empty() && options.study.empty()) {
    throw usage_error("--teleport and --gaussian belong together: give both, or neither");
  }
  if (options.teleport_threshold && options.teleport != "auto") {
    throw usage_error("teleport: --teleport-threshold applies to --teleport auto only; leave it out");
  }
  Sampling run{context, options, {}, {}, make_solver(options.run.solver), {}, record_of(context)};
  SampleRequest& request = run.request = request_of(context, options);
  do_on_root(world(), [&] { run.folder.emplace(output_request(context, "sample", options.run.out)); });
  run.model = open_model(context, options.run);
  const DenoiserInfo& model = run.model->info();
  request.levels = levels_of(options, model);
  if (!options.latents.empty()) start_from_file(options.latents, options.seeds, model, request);
  const auto count = static_cast<int64_t>(request.seeds.size());
  const int64_t shard = shard_size(request, model, options.shard.value_or(0));
  if (options.resume && shard == 0)
    throw usage_error(
        "sample: --resume goes on with shards, and so few samples have none; give --shard N, or leave it out");
  const auto check_request = [&] { shard_request(request, {count, shard > 0 ? shard : count}, 0).validate(model); };
  if (!options.teleport.empty()) {
    const GaussianStats gaussian = read_gaussian(options.gaussian);
    request.teleport = Teleport{request.levels.front(), gaussian};
    check_request();
    request.teleport->sigma = teleport_level(options, *run.model, request, gaussian, run.info);
  }
  check_request();
  if (shard > 0)
    sample_shard_by_shard(run, shard);
  else
    sample_whole(run);
}

constexpr const char* kSampleExamples =
    "  farfield sample --model assets/glyphs.safetensors --out runs/glyphs\n"
    "  farfield sample --model net.safetensors --steps 40 --churn 40,0.05,50,1.003 --seeds 0-9999 --out runs/churn\n"
    "  farfield sample --model net.safetensors --teleport auto --gaussian gaussian.safetensors --out runs/teleport\n"
    "  farfield sample --model net.safetensors --solver auto --nfe 8 --study runs/study/study.json --out runs/eight\n"
    "  mpirun -n 4 farfield sample --model net.safetensors --seeds 0-49999 --shard 2048 --out runs/many --resume\n";

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
  command
      ->add_option(
          "--shard", options->shard,
          "write RUN/shards, this many samples each, one in memory at a time (by itself where x has over 256 MiB)")
      ->transform(whole_number(1, limits::kMostBytes));
  command->add_flag("--resume", options->resume, "go on with the shards that a stopped run of this call has finished")
      ->configurable(false);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
