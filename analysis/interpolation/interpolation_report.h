#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/neighbours/nearest_neighbours.h"
#include "analysis/page/report.h"
#include "core/data/source.h"
#include "core/run/run_folder.h"

namespace farfield {

// What a page on interpolation shows beside the frames themselves.
struct InterpolationStory {
  bool theory = false;                     // figure 31 and table 1
  std::string mode, weight;                // of the frames; weight "" where the mode has none
  torch::Tensor latents, samples;          // [F, ...shape], of the frames in order; undefined without a model
  int64_t columns = 0;                     // frames along an edge
  std::shared_ptr<const DataSource> data;  // whose nearest samples are shown; may be null
  Neighbours found;                        // [F, k] of the samples
  Provenance how;
};

// Writes report.html and, as the story has them, theory.csv, shifts.csv, weights.csv, neighbours.csv into `folder`. Nothing
// without theory and data.
void write_interpolation_page(const InterpolationStory& story, const RunFolder& folder);

}  // namespace farfield
