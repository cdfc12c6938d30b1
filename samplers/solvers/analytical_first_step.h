#pragma once

#include "models/denoiser.h"

namespace farfield {

// AFS, the analytical first step (Dockhorn et al. 2022): at high noise x is nearly N(0, (1 + sigma^2) I), whose slope
// is x / sqrt(1 + sigma^2). The first call of the result returns that Gaussian's value,
//   D = x - sigma x / sqrt(1 + sigma^2),
// without a call of `denoise`; every later call is `denoise`. For one run.
DenoiseFn with_analytical_first_step(DenoiseFn denoise);

}  // namespace farfield
