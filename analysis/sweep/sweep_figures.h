#pragma once

#include <optional>

#include "analysis/page/report.h"
#include "analysis/sweep/sweep_tables.h"

namespace farfield {

// The figures of `farfield sweep`, each a row of the table in sweep_output.cpp.
struct SweepView {
  const SweepRun& run;
  const SweepSummary& summary;
};

std::optional<Figure> over_components_figure(const SweepView& view);  // 002, figures 9 and 22, above
std::optional<Figure> over_ranks_figure(const SweepView& view);       // below
std::optional<Figure> gain_figure(const SweepView& view);             // figure 10 A
std::optional<Figure> minimal_rank_figure(const SweepView& view);     // B
std::optional<Figure> trade_off_figure(const SweepView& view);        // C

}  // namespace farfield
