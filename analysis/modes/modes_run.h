#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/modes/mean_shift_modes.h"
#include "analysis/neighbours/nearest_neighbours.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose modes are looked for, from where, and how.
struct ModesInputs {
  std::shared_ptr<const DataSource> data;
  torch::Tensor starts;            // [n, ...shape] floating; undefined: every point of the data
  std::string starts_text;         // for the record; "" for the data
  std::vector<double> bandwidths;  // rising
  MeanShiftOptions options;
};

// On every rank.
struct ModesRun {
  ModesInputs inputs;
  std::vector<ModeSet> sets;        // one a bandwidth
  std::vector<Neighbours> nearest;  // of its modes: the data point that is nearest
};

// Bandwidths as typed: "0.5", "0.1,0.5,1", "0.01:10:20" (core/number_list.h). usage_error for what is no noise level, or is
// given twice.
std::vector<double> parse_bandwidths(const std::string& text);

// What `farfield modes` and Python's modes() compute: find_modes() at every bandwidth. usage_error for starts of another shape.
ModesRun run_modes(ModesInputs inputs, Comm& comm = alone());

// modes.csv: bandwidth, modes, largest (starts of the largest basin), unsettled, iterations_mean, iterations_max, rate_mean.
Table modes_table(const ModesRun& run);
// basins.csv: bandwidth, mode, starts, log_density, index, label, distance (of the nearest data point).
Table basins_table(const ModesRun& run);
std::string modes_headline(const ModesRun& run);

// Writes the output of `farfield modes` (docs/formats.md) and commits the folder. `info`: begun by the caller.
void save_modes(const ModesRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
