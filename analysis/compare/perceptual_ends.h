#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "analysis/compare/trajectories.h"
#include "analysis/similarity/perceptual_distance.h"
#include "core/comm.h"

namespace farfield {

// The distance of every path's final samples from the model's of the same seed, [R, n] float64, NaN where a path has no seed;
// `batch` samples at a time. Ranks share the paths.
torch::Tensor perceptual_ends(const Trajectories& trajectories, const PerceptualDistance& distance, int64_t batch,
                              Comm& comm);

}  // namespace farfield
