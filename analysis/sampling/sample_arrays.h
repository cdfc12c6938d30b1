#pragma once

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "samplers/sampler.h"

namespace farfield {

// True for [C,H,W] of 1 or 3 channels: what can be shown as a picture.
bool is_image(torch::IntArrayRef sample_shape);

// The arrays of samples.npz and of a shard (docs/formats.md): x, seeds, labels; images; the trajectory's with one.
Arrays sample_arrays(const Samples& samples);

}  // namespace farfield
