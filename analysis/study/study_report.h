#pragma once

#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "analysis/study/study.h"
#include "analysis/study/teleport_sweep.h"
#include "core/run/run_folder.h"

namespace farfield {

// A study and how it was asked for.
struct StudyStory {
  Study study;
  StudyRequest request;
  std::vector<SkippedRun> skipped;   // may be empty
  std::string model;                 // the MODEL as it was named
  std::vector<std::string> command;  // the command line
  Facts settings;
};

// study.csv: every run with its error and the 95 % interval of that.
Table study_table(const Study& study);

// Writes report.html, study.csv (every run), study.npz (`squares` [runs, seeds], `seeds`) into `folder`: the error of the
// best solvers over the number of evaluations, what teleportation saves, and the ranking for each budget;
// teleport_sweep.csv where there are skipped runs.
void write_study_report(const StudyStory& story, const RunFolder& folder);

}  // namespace farfield
