#pragma once

#include "analysis/smoothing/smoothing_run.h"
#include "core/io/rows.h"

namespace farfield {

// One row a process: process, variance_across, nearest, on_points, to_flow, apart, divergence; empty cells where there is no
// value.
Table smoothing_table(const SmoothingRun& run);

}  // namespace farfield
