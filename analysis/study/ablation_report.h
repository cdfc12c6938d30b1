#pragma once

#include <string>
#include <vector>

#include "analysis/study/ablation.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Mean and standard deviation (n - 1; empty for one repeat) over repeats: columns of docs/formats.md.
Table ablation_errors(const Ablation& ablation);
Table ablation_seconds(const Ablation& ablation);

// The sentence with the numbers.
std::string ablation_answer(const Ablation& ablation);

// Writes ablation.csv, seconds.csv, ablation.npz and report.html, and commits the folder. `info`: begun by the caller, with the
// inputs of the call.
void save_ablation(const Ablation& ablation, const AblationOptions& options, const RecordedModel& model,
                   const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
