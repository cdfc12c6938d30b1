#pragma once

#include <memory>

#include "models/patches/filtered_means.h"
#include "models/patches/patches.h"

namespace farfield {

// The local score at one noise level; k odd.
std::shared_ptr<const FilteredMeans> local_means(const ImageShape& shape, int64_t k, BoxBoundary boundary);

}  // namespace farfield
