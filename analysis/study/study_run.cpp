#include "analysis/study/study_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/study/study_report.h"
#include "core/io/file.h"
#include "core/progress.h"
#include "core/text.h"
#include "samplers/budgets.h"
#include "samplers/model_levels.h"
#include "samplers/teleport_auto.h"

namespace farfield {
namespace {

// Where the closed form is left: the level named, or the lowest that the Gaussian explains.
Teleport teleport_of(const StudyOptions& options, const Denoiser& model) {
  Teleport teleport{0, *options.gaussian};
  if (options.teleport != "auto") {
    teleport.sigma = parse_double(options.teleport, "--teleport");
    return teleport;
  }
  const TeleportSearch search{.batch = options.batch, .label = options.label, .device = options.device};
  const auto levels = resolve_levels({.steps = 40}, model.info());
  teleport.sigma = lowest_explained(measure_explained(model, teleport.gaussian, levels, search), search.threshold);
  return teleport;
}

Facts study_settings(const StudyResult& result, const std::string& gaussian, const RunCall& call) {
  const StudyRequest& request = result.request;
  Facts facts = {{"model", result.model + " (SHA-256 " + result.model_sha256 + ")"},
                 {"reference", fmt::format("{}, {} evaluations", request.reference, result.study.reference_nfe)},
                 {"solvers", join(request.solvers, ", ")},
                 {"schedules", join(request.schedules, ", ")},
                 {"seeds", result.seeds},
                 {"evaluations", fmt::format("{} denoiser calls, {} of them answered by an equal one before",
                                             result.study.evaluations, result.study.reused)},
                 {"precision", call.precision},
                 {"program", version_line()}};
  if (request.teleport) {
    facts.emplace_back("teleport", fmt::format("to sigma {} by {}", format_double(request.teleport->sigma), gaussian));
  }
  return facts;
}

}  // namespace

StudyRequest StudyOptions::request() const {
  StudyRequest request;
  for (const auto& name : solvers) {
    const auto names = name == "all" ? study_solvers() : std::vector<std::string>{name};
    for (const auto& one : names) {
      if (std::find(request.solvers.begin(), request.solvers.end(), one) == request.solvers.end())
        request.solvers.push_back(one);
    }
  }
  request.schedules = schedules;
  request.nfe = parse_nfe(nfe);
  request.seeds = parse_seeds(seeds);
  request.label = label;
  request.reference = reference;
  request.batch = batch;
  request.device = device;
  return request;
}

StudyResult run_study(const RecordedModel& model, const StudyOptions& options) {
  StudyResult result{model.text, model.sha256, options.request(), options.seeds, {}, {}, {}};
  StudyRequest& request = result.request;
  request.model_sha256 = model.sha256;
  if (options.gaussian) request.teleport = teleport_of(options, model.denoiser);
  std::optional<Progress> progress;
  StudyRequest watched = request;
  watched.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  watched.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  result.study = run_study(model.denoiser, watched);
  if (options.teleport_sweep) result.skipped = sweep_teleports(model.denoiser, watched, *options.teleport_sweep);
  result.advice = advise(result.study, request, model.text);
  return result;
}

void save_study(const StudyResult& result, const std::string& gaussian, const RunCall& call, RunInfo info,
                RunFolder& folder) {
  write_file_atomically(folder.path("study.json"), serialize_advice(result.advice));
  write_study_report({result.study, result.request, result.skipped, result.model, call.command,
                      study_settings(result, gaussian, call)},
                     folder);
  info.add_text("model", result.model);
  info.add_text("reference", result.request.reference);
  info.add_number("reference_nfe", static_cast<double>(result.study.reference_nfe));
  info.add_number("evaluations", static_cast<double>(result.study.evaluations));
  info.add_number("evaluations_reused", static_cast<double>(result.study.reused));
  info.add_text("precision", call.precision);
  folder.commit(std::move(info));
}

}  // namespace farfield
