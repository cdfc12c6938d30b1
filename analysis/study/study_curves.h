#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/page/charts.h"
#include "analysis/page/report.h"
#include "analysis/study/study_types.h"
#include "core/io/rows.h"

namespace farfield {

inline constexpr size_t kShownSolvers = 6;

// A study and how it was asked for.
struct StudyStory {
  Study study;
  StudyRequest request;
  std::string model;                 // the MODEL as it was named
  std::vector<std::string> command;  // the command line
  Facts settings;

  std::vector<SetMeasure> measures() const;  // none where none was asked for
  std::vector<std::string> measure_names() const;
};

std::string start_of(const StudyRun& run);  // "noise" or "teleported"

// Columns solver, schedule, start, steps, nfe, rms, rms_low, rms_high, then one a measure.
Table run_table(const std::vector<StudyRun>& runs, const std::vector<std::string>& measures = {});
// study.csv: every run.
Table study_table(const Study& study, const StudyRequest& request);

bool nearer(const StudyRun& a, const StudyRun& b);  // by rms

// The most evaluations within a budget that runs chosen by `which` take; of those runs the best. nullptr when none fits.
const StudyRun* nearest_at(const Study& study, int64_t budget, const std::function<bool(const StudyRun&)>& which,
                           const std::function<bool(const StudyRun& a, const StudyRun& b)>& better = nearer);
// Of a solver from noise, over all schedules.
const StudyRun* best_of(const Study& study, const std::string& solver, int64_t budget);
// Solvers by the mean logarithm of their error over the budgets all of them can keep; Euler and Heun always shown last.
std::vector<std::string> shown_solvers(const StudyStory& story);
// The picked run of every budget that allows more evaluations than the one before.
std::vector<StudyRun> over_budgets(const StudyStory& story, const std::function<const StudyRun*(int64_t budget)>& pick);

// A line of charts: errors with their intervals.
Series series_of(const std::vector<StudyRun>& runs, const std::string& label, const SeriesStyle& style);
Panel error_panel(std::vector<Series> series);

}  // namespace farfield
