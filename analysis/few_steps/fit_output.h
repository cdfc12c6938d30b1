#pragma once

#include <string>

#include "analysis/few_steps/fit_run.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// The table of a fit as its file holds it.
TableFile table_file_of(const SolverFitRun& run, const FitRecord& fit);

// What came of a run, in a sentence.
std::string fit_headline(const SolverFitRun& run);

// One row a number of evaluations, as fit.csv has it.
Table fit_table(const SolverFitRun& run);

// Writes the output of `farfield solver fit` (docs/formats.md) and commits the folder; returns the headline. `info`: begun by the
// caller, with the inputs of the call.
std::string save_solver_fit(const SolverFitRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
