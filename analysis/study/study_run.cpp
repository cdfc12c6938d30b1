#include "analysis/study/study_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/study/measure_agreement.h"
#include "analysis/study/study_report.h"
#include "core/io/file.h"
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

std::string data_words(const Featured& data) {
  return data.count() > 0 ? fmt::format("{}, {} samples", data.text, data.count()) : data.text;
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
  if (request.measures) {
    facts.emplace_back("features", words_of(request.measures->contract()));
    facts.emplace_back("data", data_words(request.measures->data()));
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
  request.teleport_sweep = teleport_sweep;
  check_set_measures(measure);
  request.label = label;
  request.reference = reference;
  request.batch = batch;
  request.device = device;
  return request;
}

StudyResult run_study(const RecordedModel& model, const StudyOptions& options, const PartStore& parts, Comm& comm) {
  StudyResult result{model.text, model.sha256, options.request(), options.seeds, {}, {}};
  StudyRequest& request = result.request;
  request.model_sha256 = model.sha256;
  if (options.gaussian) request.teleport = teleport_of(options, model.denoiser);
  if (!options.measure.measures.empty())
    request.measures = std::make_shared<SetMeasures>(options.measure, model.denoiser.info().sample_shape, comm);
  result.study = run_study(model.denoiser, request, parts, comm);
  if (comm.is_root()) result.advice = advise(result.study, request, model.text);
  return result;
}

void save_study(const StudyResult& result, const std::string& gaussian, const RunCall& call, RunInfo info,
                RunFolder& folder) {
  write_file_atomically(folder.path("study.json"), serialize_advice(result.advice));
  write_study_report({result.study, result.request, result.model, call.command, study_settings(result, gaussian, call)},
                     folder);
  info.add_text("model", result.model);
  info.add_text("reference", result.request.reference);
  info.add_number("reference_nfe", static_cast<double>(result.study.reference_nfe));
  info.add_number("evaluations", static_cast<double>(result.study.evaluations));
  info.add_number("evaluations_reused", static_cast<double>(result.study.reused));
  info.add_text("precision", call.precision);
  if (const SetMeasures* measures = result.request.measures.get()) {
    info.add("features", contract_json(measures->contract()));
    info.add_text("data_fingerprint", measures->data().fingerprint);
    info.add("agreement", measure_agreement_table(result.study, measures->measures()).json());
  }
  folder.commit(std::move(info));
}

}  // namespace farfield
