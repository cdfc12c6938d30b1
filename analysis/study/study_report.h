#pragma once

#include "analysis/study/study_curves.h"
#include "core/run/run_folder.h"

namespace farfield {

// Writes report.html, study.csv (every run), study.npz (`squares` [runs, seeds], `seeds`), table.csv and table.md
// (study_grid.h) into `folder`: the error of the best solvers over the number of evaluations, what teleportation saves, and the
// ranking for each budget; teleport_sweep.csv where there are skipped runs; agreement.csv and curves where there are measures.
void write_study_report(const StudyStory& story, const RunFolder& folder);

}  // namespace farfield
