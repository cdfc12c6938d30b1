#pragma once

#include <string>

#include "analysis/paths/part_store.h"
#include "analysis/quality/quality.h"
#include "core/comm.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// What `farfield quality` and Python's quality() compute: samples against a reference, by their features. Ranks share the
// features, the root measures. usage_error for less than two samples in a block, several sets with several blocks; numeric_error
// for features that are not finite; Error(kInterrupted) on a signal; others as open_sets().
QualityRun run_quality(QualityInputs inputs, const PartStore& parts = {}, Comm& comm = alone());

// Writes the output of `farfield quality` (docs/formats.md) and commits the folder; the answer in a sentence.
std::string save_quality(const QualityRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
