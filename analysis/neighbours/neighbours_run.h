#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analysis/features/features.h"
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
  std::string features;            // FEATURES in which distances are; "": the numbers themselves
  FeatureOptions feature_options;  // its reference: the data, unless another is given
};

// On every rank.
struct NeighboursRun {
  NeighboursInputs inputs;
  Neighbours found;          // [n, k]
  FeatureContract contract;  // of the features; not known without
};

// What `farfield neighbours` and Python's neighbours() compute: nearest_neighbours(), a block of samples at a time; ranks
// share them. In features both are extracted first (float32), with distances exact among these. Errors as open_features().
NeighboursRun run_neighbours(NeighboursInputs inputs, Comm& comm = alone());

// Columns sample, rank, index, label, distance.
Table neighbours_table(const NeighboursRun& run);
std::string neighbours_headline(const NeighboursRun& run);

// Writes the output of `farfield neighbours` (docs/formats.md) and commits the folder. `info`: begun by the caller.
void save_neighbours(const NeighboursRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
