#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {

// Measuring many trajectories, a batch at a time.
struct BatchWork {
  std::string what;                // for the progress bar: "geometry of the model"
  int64_t count = 0, batch = 64;   // trajectories in all, and at a time
  int64_t evaluations = 1;         // of one trajectory, the steps of progress, called `unit`
  std::vector<std::string> names;  // of the arrays
  // The arrays of some trajectories, [size, ...] each, contiguous on the CPU in a dtype that travels (core/comm.h).
  // Advances `progress` by trajectories at every evaluation.
  std::function<Arrays(RowRange rows, Progress& progress)> measure;
  std::string unit = "evaluations";
};

// All arrays [count, ...], on every rank: the same bits for any batch (where measure() promises that), threads and
// ranks. Batches that `parts` holds are read instead; the others are kept there. A run that is stopped, between
// two batches at the latest, says how many are kept and how to go on.
Arrays measure_batches(const BatchWork& work, const PartStore& parts = {}, Comm& comm = alone());

}  // namespace farfield
