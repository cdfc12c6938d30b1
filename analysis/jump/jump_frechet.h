#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/features.h"
#include "analysis/paths/part_store.h"
#include "analysis/paths/path.h"
#include "core/comm.h"

namespace farfield {

// In what features states and jumps are held against data.
struct JumpFeatures {
  std::string features;    // FEATURES (analysis/features/features.h); "": in none
  FeatureOptions options;  // of these; pca's reference is the data
};

// Fréchet distances (analysis/quality/frechet.h) of the trajectories' states and jumps from the data, at every level.
struct JumpFrechet {
  FeatureContract contract;
  int64_t trajectories = 0, data = 0;  // samples on both sides
  std::vector<double> x, d;            // L and L - 1 levels
};

// Features along the trajectories of a batch: features_x [B, L, dim] and features_d [B, L - 1, dim].
Arrays jump_features(const FeatureExtractor& extractor, const Path& path);
// From those of all trajectories. `data` is extracted here, shared by the ranks. usage_error for fewer than two of either.
JumpFrechet jump_frechet(const FeatureExtractor& extractor, const Arrays& features,
                         const std::shared_ptr<const DataSource>& data, Comm& comm);

}  // namespace farfield
