#pragma once

#include <cstdint>

#include "train/augment_parameters.h"

namespace farfield {

struct ImageShape {
  int64_t channels, height, width;
};

// The image under an affine map, free of aliasing: padded by reflection as far as the map reaches (at most to the
// mirror image), upsampled twofold, sampled bilinearly, downsampled, with the orthogonal sym6 wavelet as low-pass both
// times (Karras et al. 2020, appendix B). Under the identity that is the image itself, up to rounding. `inverse` leads
// from a pixel of the result to where its value comes from, both in pixels from the centre. image, result: contiguous
// [C,H,W], not overlapping. One thread; the result depends on image and map alone.
void warp_image(const float* image, ImageShape shape, const AffineMap& inverse, float* result);

}  // namespace farfield
