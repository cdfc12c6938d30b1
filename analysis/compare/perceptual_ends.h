#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "analysis/compare/trajectories.h"
#include "analysis/similarity/perceptual_distance.h"
#include "core/comm.h"

namespace farfield {

// By what network the final samples are held against the model's.
struct PerceptualRequest {
  std::string features;  // NET.pt with its options (analysis/features/features.h); "": by none
  bool resize = true;    // before the network (analysis/similarity/perceptual_distance.h)
  bool trust = false;    // consent to run its code
};

// The distance of every path's final samples from the model's of the same seed, [R, n] float64, NaN where a path has no seed;
// `batch` samples at a time. Ranks share the paths.
torch::Tensor perceptual_ends(const Trajectories& trajectories, const PerceptualDistance& distance, int64_t batch,
                              Comm& comm);

}  // namespace farfield
