#pragma once

#include "models/denoiser.h"

namespace farfield {

// Dynamic thresholding (Saharia et al. 2022, section 2.3): every value of `denoise` becomes clip(D, -s, s) / s with
// s = max(1, q-quantile of |D|) per sample, the quantile interpolated linearly between order statistics. q in (0, 1].
// For data in [-1, 1]. The public DPM-Solver++ and UniPC do this with q = 0.995 to every D they use.
DenoiseFn with_thresholding(DenoiseFn denoise, double quantile);

void check_threshold(double quantile);  // usage_error unless in (0, 1]

}  // namespace farfield
