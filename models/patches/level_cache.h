#pragma once

#include <cstddef>

#include "models/patches/patch_denoiser.h"

namespace farfield {

// The same means, of which those of the last `levels` noise levels that were asked for are kept. For many threads.
MeansAtLevel kept_means(MeansAtLevel means, size_t levels);

}  // namespace farfield
