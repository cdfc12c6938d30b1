#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "analysis/geometry/path_geometry.h"
#include "analysis/paths/path.h"

namespace farfield {

// The states of a path as the chord and their first components have them, x_end + a_n u + mean + sum over k of v_kn
// w_k, from the chord alone (0 components) to `components` <= 4: [1 + components, L, B, ...shape]. `measured`:
// measure_geometry(path, options); the errors there are the distances of these from the states (in kVp after alpha).
torch::Tensor reconstructed_states(const Path& path, const Arrays& measured, const GeometryOptions& options,
                                   int64_t components);

// What the denoiser says at the states of some trajectories and at their reconstructions ("On the Trajectory Regularity
// of ODE-based Diffusion Sampling", figure 3b).
struct ReconstructionViews {
  std::vector<int64_t> places;  // indices of levels, evenly apart
  torch::Tensor denoised;  // [S, 4, places, ...shape] float32: D at x_n, and at its 1-D, 2-D and 3-D reconstruction
  // [3] root mean square per number of D there less D at x_n, over all of these.
  std::vector<double> differences;
};
// Evaluates `denoise` four times a place.
ReconstructionViews view_reconstructions(const Path& path, const GeometryOptions& options, const DenoiseFn& denoise,
                                         torch::Device device);

}  // namespace farfield
