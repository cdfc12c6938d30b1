#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/patches/lane_filter.h"

namespace farfield {

// Sets of planes, one a place, one after another: those of place p are planes[begin[p]] ... planes[begin[p + 1] - 1].
struct MaskSet {
  int64_t planes_in_all = 0;
  std::vector<int64_t> begin = {0};
  std::vector<int32_t> planes;
  std::vector<double> weights;  // of each entry; empty: all are 1
  int64_t places() const { return static_cast<int64_t>(begin.size()) - 1; }
};
// A place for every plane: the places whose sets have it.
MaskSet transposed(const MaskSet& masks);

// Adds up what is in the sets: the cost follows their number of entries.
std::unique_ptr<LaneFilter> make_mask_filter(MaskSet masks);

}  // namespace farfield
