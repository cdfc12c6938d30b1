#pragma once

#include <map>
#include <string>

#include "analysis/symmetry/symmetry_run.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// The files of `farfield symmetry` (docs/formats.md).
std::string symmetry_summary(const SymmetryRun& run);
std::map<std::string, torch::Tensor> symmetry_npz(const SymmetryRun& run);

// The answer in a sentence, for the head of the page and the terminal.
std::string symmetry_headline(const SymmetryRun& run);

// Writes the whole output and commits the folder. `info`: begun by the caller, with the inputs of the call.
void save_symmetry(const SymmetryRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
