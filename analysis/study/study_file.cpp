#include "analysis/study/study_file.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/json_number.h"
#include "core/io/wrong_file.h"
#include "core/limits.h"
#include "core/source_form.h"
#include "models/registry/model_registry.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "farfield study 1";
constexpr uint64_t kFileLimit = 1 << 24;

// A schedule or a solver as JSON can hold it, and back: the file of gits:FILE or table:FILE may have any bytes in its name.
std::string schedule_of(std::string_view text) {
  const size_t path = text.find(':') + 1;
  const bool quoted = path > 0 && path < text.size() && quoted_length(text.substr(path)) == text.size() - path;
  if (!quoted || existing_path_length(text.substr(path)) > 0) return std::string(text);
  return std::string(text.substr(0, path)) + unquoted(text.substr(path));
}

ordered_json to_json(const Advice& advice) {
  ordered_json json = {{"solver", portable_sources(advice.solver)},
                       {"schedule", portable_sources(advice.schedule)},
                       {"steps", advice.steps},
                       {"nfe", advice.nfe},
                       {"rms", advice.rms}};
  if (advice.teleport) json["teleport"] = *advice.teleport;
  for (const auto& [name, value] : advice.measures) json["measures"][name] = value;
  return json;
}

Advice to_advice(const ordered_json& json, bool teleported) {
  Advice advice{schedule_of(json.at("solver").get<std::string>()),
                schedule_of(json.at("schedule").get<std::string>()),
                whole_number(json.at("steps"), "steps", 1, limits::kMostSteps),
                whole_number(json.at("nfe"), "nfe", 1, limits::kMostEvaluations),
                {},
                json.at("rms")};
  if (teleported) advice.teleport = json.at("teleport").get<double>();
  const bool measured = json.contains("measures");
  if (measured) {
    for (const auto& [name, value] : json.at("measures").items()) advice.measures.emplace_back(name, value);
  }
  const bool somewhere = !teleported || (std::isfinite(*advice.teleport) && *advice.teleport > 0);
  const bool finite = std::isfinite(advice.rms) &&
                      std::ranges::all_of(advice.measures, [](const auto& one) { return std::isfinite(one.second); });
  const size_t keys = 5 + (teleported ? 1 : 0) + (measured ? 1 : 0);
  const bool sane = finite && advice.rms >= 0 && somewhere && json.size() == keys;
  if (!sane) throw std::out_of_range("a number is out of its range, or a key is unknown");
  return advice;
}

StudyAdvice to_study(const ordered_json& json) {
  if (json.at("format") != kFormat) throw std::out_of_range("format is not '" + std::string(kFormat) + "'");
  StudyAdvice study{json.at("model"), json.at("model_sha256")};
  for (const auto& item : json.at("budgets")) {
    const int64_t nfe = whole_number(item.at("nfe"), "nfe", 1, limits::kMostEvaluations);
    StudyAdvice::Budget budget{nfe, to_advice(item.at("plain"), false)};
    if (item.contains("teleported")) budget.teleported = to_advice(item.at("teleported"), true);
    if (item.contains("by_measure")) {
      for (const auto& [name, best] : item.at("by_measure").items())
        budget.by_measure.emplace_back(name, to_advice(best, best.contains("teleport")));
    }
    if (!study.budgets.empty() && budget.nfe <= study.budgets.back().nfe) {
      throw std::out_of_range("budgets must rise from 1");
    }
    study.budgets.push_back(std::move(budget));
  }
  if (study.budgets.empty()) throw std::out_of_range("there is no budget");
  return study;
}

Advice advice_of(const StudyRun& run, const StudyRequest& request) {
  Advice advice{run.solver, run.schedule, run.steps, run.nfe, {}, run.error.rms};
  if (run.teleported) advice.teleport = request.teleport->sigma;
  for (size_t m = 0; m < run.measures.size(); ++m)
    advice.measures.emplace_back(request.measures->measures()[m].name, run.measures[m]);
  return advice;
}

}  // namespace

StudyAdvice advise(const Study& study, const StudyRequest& request, const std::string& model) {
  StudyAdvice advice{model, request.model_sha256};
  for (const int64_t nfe : request.nfe) {
    const StudyRun *plain = best_within(study, nfe, false), *any = best_within(study, nfe, true);
    if (plain == nullptr) continue;
    StudyAdvice::Budget budget{nfe, advice_of(*plain, request)};
    if (any->teleported) budget.teleported = advice_of(*any, request);
    for (size_t m = 0; m < any->measures.size(); ++m) {
      const SetMeasure& measure = request.measures->measures()[m];
      budget.by_measure.emplace_back(measure.name, advice_of(*best_measured(study, nfe, m, measure), request));
    }
    advice.budgets.push_back(std::move(budget));
  }
  return advice;
}

std::string serialize_advice(const StudyAdvice& advice) {
  ordered_json budgets = ordered_json::array();
  for (const auto& budget : advice.budgets) {
    ordered_json item = {{"nfe", budget.nfe}, {"plain", to_json(budget.plain)}};
    if (budget.teleported) item["teleported"] = to_json(*budget.teleported);
    for (const auto& [name, best] : budget.by_measure) item["by_measure"][name] = to_json(best);
    budgets.push_back(std::move(item));
  }
  const ordered_json study = {
      {"format", kFormat}, {"model", advice.model}, {"model_sha256", advice.model_sha256}, {"budgets", budgets}};
  return dump_json(study, 1) + "\n";
}

StudyAdvice read_advice(const std::filesystem::path& path) {
  refuse_wrong_file(path, FileKind::kText);
  const auto json = parse_json(read_file(path, kFileLimit), path.string());
  try {
    return to_study(json);
  } catch (const nlohmann::json::exception& error) {
    throw bad_file(path.string(), fmt::format("not the study.json of farfield study: {}", error.what()));
  } catch (const std::out_of_range& error) {
    throw bad_file(path.string(), fmt::format("not the study.json of farfield study: {}", error.what()));
  }
}

Advice advice_within(const StudyAdvice& advice, int64_t nfe, bool teleported) {
  const StudyAdvice::Budget* found = nullptr;
  for (const auto& budget : advice.budgets) {
    if (budget.nfe <= nfe) found = &budget;
  }
  if (found == nullptr) {
    throw usage_error(
        fmt::format("--nfe {}: the study's smallest budget is {} evaluations; give as many, or study fewer", nfe,
                    advice.budgets.front().nfe));
  }
  return teleported && found->teleported ? *found->teleported : found->plain;
}

Advice advice_for(const std::filesystem::path& file, const std::string& model, int64_t nfe, bool teleported) {
  const StudyAdvice study = read_advice(file);
  if (study.model_sha256 != model_sha256(model)) {
    throw usage_error(fmt::format("{}: is a study of {}, another model than {}; run farfield study for this one",
                                  file.string(), study.model, model));
  }
  return advice_within(study, nfe, teleported);
}

}  // namespace farfield
