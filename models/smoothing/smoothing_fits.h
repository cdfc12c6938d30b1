#pragma once

#include <memory>

#include "models/analytic/reference_fits.h"
#include "models/denoiser.h"

namespace farfield {

// The empirical score averaged over tau= or kappa= (models/smoothing/smoothing_denoisers.h): exactly for data on a line, else over
// samples= (16) offsets tau u with u uniform in [-1, 1]^d (offsets=cube) or N(0, I) (normal), drawn once by offset_seed=, in
// pairs u, -u; or (offsets=direction, data on a line or of two numbers) along the direction of least norm. kappa= is for points
// that stand evenly on a line.
std::unique_ptr<Denoiser> smoothed_of(const ReferenceRequest& request);
// The piecewise linear score, (nearest point - x) / sigma^2, as it is or averaged likewise.
std::unique_ptr<Denoiser> piecewise_of(const ReferenceRequest& request);

}  // namespace farfield
