#pragma once

#include <functional>
#include <memory>

#include "models/analytic/reference_fits.h"
#include "models/denoiser.h"
#include "models/patches/patch_sizes.h"

namespace farfield {

// One factory a kind, as in models/analytic/reference_fits.h; what they make is described in models/patches/patches.h.
// usage_error for data that are no images, and for options that do not fit them.
std::unique_ptr<Denoiser> local_score_of(const ReferenceRequest& request);
std::unique_ptr<Denoiser> border_score_of(const ReferenceRequest& request);             // els-border
std::unique_ptr<Denoiser> circular_interior_score_of(const ReferenceRequest& request);  // els-circular-interior
std::unique_ptr<Denoiser> circular_score_of(const ReferenceRequest& request);           // els-circular-all
std::unique_ptr<Denoiser> zero_padded_score_of(const ReferenceRequest& request);        // els-zero-all
std::unique_ptr<Denoiser> patch_composite_of(const ReferenceRequest& request);          // pspc
std::unique_ptr<Denoiser> mask_composite_of(const ReferenceRequest& request);           // pspc-flex
std::unique_ptr<Denoiser> pca_locality_of(const ReferenceRequest& request);

// The denoisers of a kind that has a patch size, all over the same images in the same memory. usage_error for sizes that do
// not fit.
using SizedDenoiser = std::function<std::unique_ptr<Denoiser>(const PatchSizes& sizes)>;

// The same kinds but for the size (models/patches/sized_denoiser.h).
SizedDenoiser sized_local_score(const ReferenceRequest& request);
SizedDenoiser sized_border_score(const ReferenceRequest& request);
SizedDenoiser sized_circular_interior_score(const ReferenceRequest& request);
SizedDenoiser sized_circular_score(const ReferenceRequest& request);
SizedDenoiser sized_zero_padded_score(const ReferenceRequest& request);
SizedDenoiser sized_patch_composite(const ReferenceRequest& request);

}  // namespace farfield
