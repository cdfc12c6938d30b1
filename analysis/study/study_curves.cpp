#include "analysis/study/study_curves.h"

#include <algorithm>
#include <cmath>

namespace farfield {
std::vector<SetMeasure> StudyStory::measures() const {
  return request.measures ? request.measures->measures() : std::vector<SetMeasure>();
}

std::vector<std::string> StudyStory::measure_names() const {
  std::vector<std::string> names;
  for (const SetMeasure& measure : measures()) names.push_back(measure.name);
  return names;
}

std::string start_of(const StudyRun& run) { return run.teleported ? "teleported" : "noise"; }

Table run_table(const std::vector<StudyRun>& runs, const std::vector<std::string>& measures) {
  Table table{.columns = {"solver", "schedule", "start", "steps", "nfe", "rms", "rms_low", "rms_high"}, .rows = {}};
  table.columns.insert(table.columns.end(), measures.begin(), measures.end());
  for (const StudyRun& run : runs) {
    std::vector<Cell> row = {run.solver, run.schedule,  start_of(run), run.steps,
                             run.nfe,    run.error.rms, run.error.low, run.error.high};
    if (!measures.empty()) row.insert(row.end(), run.measures.begin(), run.measures.end());
    table.add(std::move(row));
  }
  return table;
}

Table study_table(const Study& study, const StudyRequest& request) {
  return run_table(study.runs, StudyStory{{}, request, {}, {}, {}}.measure_names());
}

bool nearer(const StudyRun& a, const StudyRun& b) { return a.error.rms < b.error.rms; }

const StudyRun* nearest_at(const Study& study, int64_t budget, const std::function<bool(const StudyRun&)>& which,
                           const std::function<bool(const StudyRun& a, const StudyRun& b)>& better) {
  const StudyRun* best = nullptr;
  for (const StudyRun& run : study.runs) {
    if (run.nfe > budget || !which(run)) continue;
    if (best == nullptr || run.nfe > best->nfe || (run.nfe == best->nfe && better(run, *best))) best = &run;
  }
  return best;
}

const StudyRun* best_of(const Study& study, const std::string& solver, int64_t budget) {
  return nearest_at(study, budget, [&](const StudyRun& run) { return run.solver == solver && !run.teleported; });
}

std::vector<std::string> shown_solvers(const StudyStory& story) {
  std::vector<std::pair<double, std::string>> ranking;
  for (const auto& solver : story.request.solvers) {
    double sum = 0;
    int64_t count = 0;
    for (const int64_t budget : story.request.nfe) {
      const StudyRun* run = best_of(story.study, solver, budget);
      if (run == nullptr) continue;
      sum += std::log(run->error.rms);
      ++count;
    }
    if (count > 0) ranking.emplace_back(sum / static_cast<double>(count), solver);
  }
  std::sort(ranking.begin(), ranking.end());
  std::vector<std::string> shown;
  for (const auto& [score, solver] : ranking) {
    const bool classic = solver == "euler" || solver == "heun";
    if (shown.size() < kShownSolvers || classic) shown.push_back(solver);
  }
  return shown;
}

std::vector<StudyRun> over_budgets(const StudyStory& story,
                                   const std::function<const StudyRun*(int64_t budget)>& pick) {
  std::vector<StudyRun> runs;
  for (const int64_t budget : story.request.nfe) {
    const StudyRun* run = pick(budget);
    if (run != nullptr && (runs.empty() || runs.back().nfe < run->nfe)) runs.push_back(*run);
  }
  return runs;
}

Series series_of(const std::vector<StudyRun>& runs, const std::string& label, const SeriesStyle& style) {
  Series series{label, style, {}, {}, {}, {}};
  for (const StudyRun& run : runs) {
    series.x.push_back(static_cast<double>(run.nfe));
    series.y.push_back(run.error.rms);
    series.low.push_back(run.error.low);
    series.high.push_back(run.error.high);
  }
  return series;
}

Panel error_panel(std::vector<Series> series) {
  return {{"distance from the reference, rms per number", Scale::kLog, {}}, std::move(series), {}, 300};
}

}  // namespace farfield
