#pragma once

#include <string>
#include <vector>

#include "analysis/study/study_curves.h"
#include "core/io/rows.h"
#include "core/run/run_folder.h"

namespace farfield {

// The runs as documents print them (Chen et al. 2024, tables 1, 3 and 8): a row a solver, schedule and start, a column a budget, each
// cell the run that takes exactly so many evaluations.

// Columns measure (rms, then the study's), solver, schedule, start, then the budgets; cells without a run are empty.
Table study_grid(const StudyStory& story);
// The same as Markdown, a table a measure, four significant digits, the best of every column in bold.
std::string study_grid_markdown(const StudyStory& story);

// table.csv and table.md.
void write_study_grids(const StudyStory& story, const RunFolder& folder);

}  // namespace farfield
