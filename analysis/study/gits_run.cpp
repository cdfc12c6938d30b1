#include "analysis/study/gits_run.h"

#include <optional>

#include <fmt/format.h>

#include "analysis/study/gits_report.h"
#include "core/progress.h"
#include "core/text.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

Facts search_settings(const SearchResult& result, const SearchOptions& options, const RunCall& call) {
  const GitsFile& file = result.file;
  return {{"model", file.model + " (SHA-256 " + file.model_sha256 + ")"},
          {"teacher", fmt::format("{}, {} evaluations over {} levels ({})", file.teacher, result.search.teacher_nfe,
                                  file.levels.size(), file.grid)},
          {"metric and gamma", fmt::format("{}, {} ({})", file.metric, format_double(file.gamma), file.gamma_form)},
          {"seeds", file.seeds},
          {"analytical first step", options.afs ? "yes: one step more than evaluations" : "no"},
          {"device and precision", call.device + ", " + file.precision},
          {"program", version_line()}};
}

}  // namespace

std::vector<StudentError> student_errors(const Denoiser& model, const SearchResult& result) {
  std::optional<Progress> progress;
  GitsRequest request = result.request;
  request.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  request.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  auto errors = student_errors(model, *result.student, request, result.search);
  const auto own = per_sample_errors(model, *result.student, request, result.search, result.per_sample);
  errors.insert(errors.end(), own.begin(), own.end());
  return errors;
}

void save_search_report(const SearchResult& result, const SearchOptions& options, std::vector<StudentError> errors,
                        const RunCall& call, RunInfo info, RunFolder& folder) {
  write_gits_report({result.file, result.search, result.per_sample, std::move(errors),
                     resolve_solver(options.student_text()), call.command, search_settings(result, options, call)},
                    folder);
  info.add("teacher_nfe", std::to_string(result.search.teacher_nfe));
  folder.commit(std::move(info));
}

}  // namespace farfield
