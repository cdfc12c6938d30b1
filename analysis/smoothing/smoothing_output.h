#pragma once

#include <string>

#include "analysis/smoothing/smoothing_run.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// The answer in a sentence.
std::string smoothing_headline(const SmoothingRun& run);

// Writes processes.csv, densities.csv, scores.csv, losses.csv, smoothing.npz, summary.json, report.html, and commits the folder.
void save_smoothing(const SmoothingRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
