#pragma once

#include <memory>

#include "models/patches/filtered_means.h"
#include "models/patches/window_plan.h"

namespace farfield {

// Filtered posterior means whose candidates are windows of the training images at many places: a pixel's value is the
// mean of the centres of the windows that it accepts, weighted by their distance to the window around it. Distances
// come from matrix products, which are never stored: in float32 where x is float32 and that does, else in float64;
// where that would not do, products find the windows that may matter, and these are compared by differences. Windows of
// a shard that are equal are computed once.
// Pixels of window_plan().same_place are left as they are: the local score knows them (models/patches/local_means.h).
std::unique_ptr<FilteredMeans> make_window_means(const ImageShape& shape, int64_t k, WindowMode mode);

}  // namespace farfield
