#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analysis/neighbours/nearest_neighbours.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose neighbours are looked for, and where.
struct NeighboursInputs {
  torch::Tensor samples;  // [n, ...shape] floating
  std::string samples_text;
  std::shared_ptr<const DataSource> data;
  int64_t k = 5;
};

// What stands in `text`: the array x of what `sample` wrote (its folder or samples.npz), float64 as the solver returned it,
// or float32 of the shards of a folder; else the samples of the data set that SRC names. Errors as open_data().
torch::Tensor read_samples(const std::string& text);

// On every rank.
struct NeighboursRun {
  NeighboursInputs inputs;
  Neighbours found;  // [n, k]
};

// What `farfield neighbours` and Python's neighbours() compute: nearest_neighbours(), a block of samples at a time; ranks
// share them.
NeighboursRun run_neighbours(NeighboursInputs inputs, Comm& comm = alone());

// Columns sample, rank, index, label, distance.
Table neighbours_table(const NeighboursRun& run);
std::string neighbours_headline(const NeighboursRun& run);

// Writes the output of `farfield neighbours` (docs/formats.md) and commits the folder. `info`: begun by the caller.
void save_neighbours(const NeighboursRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
