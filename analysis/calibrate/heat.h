#pragma once

#include <functional>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "samplers/sampler.h"

namespace farfield {

// How much each output pixel of a model depends on each input pixel: what masks of pspc-flex are made of.
struct MeasuredHeat {
  std::vector<double> levels;  // L, falling
  torch::Tensor heat;          // [L, H, W, H, W] float32, the output pixel first: >= 0
};

// h_u(v) = mean over states of sum over channels c, c' of |dD_cu / dx_c'v|, one vector-Jacobian product for each number that D
// has, at the states of the model's trajectories (request.seeds: 4 are usual) at the levels where `wanted` holds. A pixel that depends on
// nothing has 1 at itself.
// usage_error as check_paths(), for samples that are no images, models without gradients, and where no level is wanted. Pixels
// of levels are kept in `parts`, request.batch products at a time; ranks share them. Says first how long it will take.
MeasuredHeat measure_heat(const Denoiser& model, const Solver& solver, const SampleRequest& request,
                          const std::function<bool(double sigma)>& wanted, const PartStore& parts = {},
                          Comm& comm = alone());

}  // namespace farfield
