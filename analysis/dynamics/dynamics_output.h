#pragma once

#include <optional>
#include <string>

#include "analysis/dynamics/dynamics_tables.h"
#include "analysis/page/report.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

struct DynamicsView {
  const DynamicsRun& run;
  const DynamicsSummary& summary;
};

// The figures of `farfield dynamics`, each a row of the table in dynamics_output.cpp.
std::optional<Figure> learning_figure(const DynamicsView& view);  // 002, figures 12, 24, 25
std::optional<Figure> rise_figure(const DynamicsView& view);      // how far the least residual lies behind
std::optional<Figure> nearest_time_figure(const DynamicsView& view);

// Writes the output (docs/formats.md) and commits the folder; returns the headline. `info`: begun by the caller.
std::string save_dynamics(const DynamicsRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
