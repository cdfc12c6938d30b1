#pragma once

#include <string>

#include "analysis/likelihood/likelihood_run.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Writes the output of `farfield likelihood` (docs/formats.md) and commits the folder; returns the headline. `info`: begun by the
// caller, with the inputs of the call.
std::string save_likelihood(const LikelihoodRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
