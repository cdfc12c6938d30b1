#pragma once

#include <string>

#include "analysis/smoothing/smoothing_run.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// One row a process: process, variance_across, nearest, on_points, to_flow, apart, divergence; empty cells where there is no
// value.
Table smoothing_table(const SmoothingRun& run);

// The answer in a sentence.
std::string smoothing_headline(const SmoothingRun& run);

// Writes processes.csv, densities.csv, scores.csv, losses.csv, smoothing.npz, summary.json, report.html, and commits the folder.
void save_smoothing(const SmoothingRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
