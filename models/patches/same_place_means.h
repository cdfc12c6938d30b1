#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/patches/filtered_means.h"
#include "models/patches/group_energies.h"
#include "models/patches/lane_filter.h"

namespace farfield {

// Filtered posterior means whose candidates are the images themselves, each at the same place. Energies stream through
// a filter once (means) or twice (composites); three times where soft-maxima need differences.

// Place p of the filter answers for plane answers[p] alone, in every channel of the layout; other planes stay as they
// are.
std::unique_ptr<FilteredMeans> make_own_means(std::shared_ptr<const LaneFilter> filter, PlaneLayout layout,
                                              std::vector<int32_t> answers);

// Every place of the filter answers for all its planes, with its weights there; `response` is the filter transposed. A
// plane's value is the weighted mean over the places that have it, 0 where none does.
std::unique_ptr<FilteredMeans> make_composite_means(std::shared_ptr<const LaneFilter> filter,
                                                    std::shared_ptr<const LaneFilter> response, PlaneLayout layout);

}  // namespace farfield
