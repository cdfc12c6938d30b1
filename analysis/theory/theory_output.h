#pragma once

#include <string>

#include "analysis/theory/theory_run.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// The answer in a sentence, for the head of the page and the terminal.
std::string theory_headline(const TheoryRun& run);

// summary.json: the numbers of the page's sentences (docs/formats.md); null where there is none.
std::string theory_summary(const TheoryRun& run);

// theory.npz: every array of the run, the levels, the eigenvalues, the directions' components.
Arrays theory_npz(const TheoryRun& run);

// Writes the whole output of `farfield theory` and commits the folder. `info`: begun by the caller, with the inputs of the call.
void save_theory(const TheoryRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
