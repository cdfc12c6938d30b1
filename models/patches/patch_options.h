#pragma once

#include <cstdint>
#include <string>

#include "models/analytic/reference_fits.h"
#include "models/patches/patch_sizes.h"
#include "models/patches/patches.h"
#include "models/patches/training_images.h"

namespace farfield {

// The options that kinds of patches share, each read once.

// `key`=SIZE or table=FILE|edm32, of which at most one is given; edm32 without.
PatchSizes read_sizes(const ReferenceOptions& options, const std::string& key, const ImageShape& shape);
// fraction=F, or table=FILE|edm32; edm32 without.
LevelTable read_fractions(const ReferenceOptions& options);
// flips=yes|no and per=class.
TrainingOptions read_training(const ReferenceOptions& options, bool flips);

// window=box|gaussian.
WindowShape read_window(const ReferenceOptions& options);

// usage_error in the name of `kind`.
void check_odd(const std::string& kind, int64_t k);
void check_on_circle(const std::string& kind, int64_t k, const ImageShape& shape);  // k <= min(H, W)

}  // namespace farfield
