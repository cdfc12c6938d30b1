#include "analysis/compare/compare_run.h"
#include "analysis/compare/compare_trajectories.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/compare_output.h"
#include "analysis/compare/compare_sigmas.h"
#include "analysis/compare/costs.h"
#include "analysis/compare/shares.h"
#include "analysis/compare/trajectory_sums.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/log.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/analytic/far_field.h"
#include "models/registry/model_registry.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

// Expansions have no trajectories: at low noise levels they are no denoisers.
std::vector<Subject> with_trajectories(const std::vector<Subject>& references) {
  std::vector<Subject> some;
  std::ranges::copy_if(references, std::back_inserter(some),
                       [](const Subject& reference) { return !is_expansion(reference.kind); });
  return some;
}

// Where components of the data stand out of the noise (002, figure 6).
std::vector<double> features_of(const GaussianStats& gaussian) {
  constexpr int64_t kLargest = 10;
  std::vector<double> sigmas;
  const torch::Tensor& variances = gaussian.eigenvalues;  // falling
  for (int64_t i = 0; i < std::min(kLargest, variances.size(0)); ++i) {
    const auto variance = variances[i].item<double>();
    if (variance > 0) sigmas.push_back(std::sqrt(variance));
  }
  const double total = gaussian.total_variance();
  if (total > 0) sigmas.push_back(std::sqrt(total));
  return sigmas;
}

std::string expansion_words(const CompareResult& result) {
  std::vector<std::string> names;
  for (size_t r = 0; r < result.kinds.size(); ++r) {
    if (is_expansion(result.kinds[r])) names.push_back(result.comparison.references[r]);
  }
  return names.empty() ? "" : "; none of " + join(names, ", ") + ", which mean something at high noise alone";
}

Facts asked_of(const CompareRun& run) {
  const auto& [inputs, options, result, shares] = run;
  const DenoiserInfo& model = inputs.model.denoiser->info();
  Facts asked = {
      {"model", inputs.model_text + " (" + model.name + ")"},
      {"references", join(result.comparison.references, "; ")},
      {"data", inputs.data ? fmt::format("{}, {} samples", inputs.data->info().name, inputs.data->info().count)
                           : std::string("none: probed at pure noise only")},
      {"probes", fmt::format("{} of each kind at {} noise levels, seed {}", options.probes.probes,
                             result.comparison.sigmas.size(), options.probes.seed)},
      {"trajectories",
       fmt::format("seeds {}, {} over {} steps of {}{}{}", options.seeds, options.solver,
                   result.trajectories.levels.size() - 1, options.schedule.schedule,
                   result.trajectories.space == PathSpace::kVp ? ", in the VP view" : "", expansion_words(result))}};
  if (!options.perceptual.features.empty())
    asked.emplace_back("perceptual network",
                       options.perceptual.features + (options.perceptual.resize ? "" : ", images not resized"));
  if (!shares.empty()) asked.emplace_back("measured in part", join(shares, ". "));
  if (options.label) {
    asked.emplace_back("class", std::to_string(*options.label));
  } else if (options.own_classes) {
    asked.emplace_back("class", "each probe's own; of noise and seeds the classes in turn");
  } else if (model.label_dim > 0) {
    asked.emplace_back("class",
                       "none: the network, trained with labels, is asked without one (--class K asks for one)");
  }
  return asked;
}

Facts settings_of(const CompareRun& run, const RunCall& call) {
  return {{"batch", std::to_string(run.options.probes.batch)},
          {"device and precision", call.device + ", " + call.precision},
          {"bootstrap", fmt::format("{} replicates", run.options.probes.replicates)},
          {"time", format_seconds(call.seconds)},
          {"program", version_line()}};
}

std::string config_json(const CompareRun& run, const RunCall& call) {
  const auto& [inputs, options, result, shares] = run;
  return dump_json(nlohmann::ordered_json{{"model", inputs.model_text},
                                          {"data", inputs.data ? inputs.data->info().name : ""},
                                          {"references", result.comparison.references},
                                          {"sigmas", result.comparison.sigmas},
                                          {"probes", options.probes.probes},
                                          {"seed", options.probes.seed},
                                          {"replicates", options.probes.replicates},
                                          {"batch", options.probes.batch},
                                          {"seeds", options.seeds},
                                          {"solver", resolve_solver(options.solver)},
                                          {"schedule", options.schedule.schedule},
                                          {"space", options.space},
                                          {"class", options.label.value_or(-1)},
                                          {"own_classes", options.own_classes},
                                          {"levels", result.trajectories.levels},
                                          {"features", options.perceptual.features},
                                          {"resize", options.perceptual.resize},
                                          {"budget", options.budget.value_or(0)},
                                          {"shares", shares},
                                          {"device", call.device},
                                          {"precision", call.precision}});
}

void add_records(RunInfo& info, const CompareRun& run, const RunCall& call) {
  info.add("config", config_json(run, call));
  info.add("nfe", std::to_string(run.result.trajectories.nfe));
  info.add_text("headline", headline(run.result, run.inputs.model.name));
  if (run.inputs.data) {
    info.add_text("data_fingerprint", run.inputs.data->info().fingerprint);
    info.add("data_left_out", dump_json(to_json(run.inputs.data->info().notes.left_out)));
  }
  if (const std::string read = candidate_record(run.inputs.model, run.inputs.references.subjects); !read.empty())
    info.add("candidates", read);
  for (const std::string& model : run.inputs.opened) {
    if (const auto file = model_file(model); !file.empty()) info.add_input("model", file);
  }
  if (const auto file = schedule_file(run.options.schedule); !file.empty()) info.add_input("schedule", file);
}

}  // namespace

CompareRun run_compare(CompareInputs inputs, CompareRunOptions options, const PartStore& parts, Comm& comm) {
  parse_band(options.band);
  const auto solver = make_solver(options.solver);
  const DenoiserInfo& info = inputs.model.denoiser->info();
  const TrajectoryOptions paths{parse_seeds(options.seeds), resolve_levels(options.schedule, info),
                                options.probes.batch, options.probes.device, parse_space(options.space)};
  check_paths({.seeds = paths.seeds, .levels = paths.levels, .batch = paths.batch}, *solver, info);
  std::optional<PerceptualDistance> perceptual;  // before the long work
  if (const PerceptualRequest& asked = options.perceptual; !asked.features.empty())
    perceptual.emplace(asked.features, info.sample_shape, asked.resize, asked.trust, options.probes.device);
  if (options.own_classes)
    choose_own_classes(inputs.model, inputs.references.subjects);
  else
    choose_class(inputs.model, inputs.references.subjects, options.label);
  std::vector<Subject>& references = inputs.references.subjects;
  if (options.probes.sigmas.empty()) options.probes.sigmas = default_sigmas(inputs.model, references);
  options.probes.validate();
  const PlanRequest plan{options.probes, std::ssize(paths.seeds), count_evaluations(*solver, path_request(paths)),
                         std::ssize(paths.levels) - 1, options.budget};
  const auto costs = plan_shares(references, inputs.data, plan, parts, comm);
  if (comm.is_root() && !costs.empty()) {
    for (const std::string& line : cost_lines(costs)) log::info(line);
  }
  CompareResult result;
  if (inputs.references.gaussian) result.features = features_of(*inputs.references.gaussian);
  for (const Subject& reference : references) result.kinds.push_back(reference.kind);
  result.comparison = compare(inputs.model, references, inputs.data, options.probes, comm);
  measure_shares(result.comparison, inputs.model, references, inputs.data, options.probes, parts, comm);
  const std::vector<Subject> travelling = with_trajectories(references);
  result.trajectories = compare_trajectories(inputs.model, travelling, inputs.references.gaussian, *solver, paths,
                                             comm);
  measure_shares(result.trajectories, inputs.model, travelling, *solver, paths, parts, comm);
  if (perceptual) result.perceptual = perceptual_ends(result.trajectories, *perceptual, options.probes.batch, comm);
  do_on_root(comm, [&] { summarise(result, options.probes.replicates, options.probes.seed); });
  CompareRun run{std::move(inputs), std::move(options), std::move(result), {}};
  for (size_t r = 0; r < costs.size(); ++r) {
    if (run.inputs.references.subjects[r].share) run.shares.push_back(costs[r].reference + ": " + costs[r].words);
  }
  return run;
}

void save_compare(const CompareRun& run, const RunCall& call, const EarlierRuns& earlier, RunInfo info,
                  RunFolder& folder) {
  Facts asked = asked_of(run);
  for (auto& fact : candidate_facts(run.inputs.model, run.inputs.references.subjects)) asked.push_back(std::move(fact));
  const CompareStory story{run.inputs.model.name, call.command, std::move(asked), settings_of(run, call),
                           parse_band(run.options.band)};
  write_comparison(run.result, story, earlier, folder);
  add_records(info, run, call);
  folder.commit(std::move(info));
}

}  // namespace farfield
