#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// `most` of `count` places, rising, keyed by `seed` and `side` (0: the reference; a set of samples has its own); all of them
// where there are no more. [m] int64.
torch::Tensor drawn_places(int64_t count, int64_t most, uint64_t seed, uint64_t side);

}  // namespace farfield
