#pragma once

#include <cstdint>

#include "models/denoiser.h"

namespace farfield {

// Counts the calls that pass through `denoise` into `calls` (not thread-safe): the number of function evaluations is
// counted, never computed. `calls` must outlive the result.
DenoiseFn counting(DenoiseFn denoise, int64_t& calls);

}  // namespace farfield
