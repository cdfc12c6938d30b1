#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/patches/lane_filter.h"

namespace farfield {

// Ranges of one axis, one an output: output i adds up inputs at(t), first(i) <= t < end(i); both ends never fall.
struct BoxAxis {
  int64_t inputs = 0;
  std::vector<int64_t> first, end;  // of each output
  std::vector<int32_t> at;          // input of t = first[0] + i
  int64_t outputs() const { return static_cast<int64_t>(first.size()); }
  int32_t input(int64_t t) const { return at[static_cast<size_t>(t - first[0])]; }
};

// k inputs around each, k odd, as far as there are inputs.
BoxAxis clipped_axis(int64_t length, int64_t k);
// The same on a circle; k <= length.
BoxAxis wrapped_axis(int64_t length, int64_t k);
// Every range of p inputs that there is.
BoxAxis inside_axis(int64_t length, int64_t p);
// Input i is range i of inside_axis(length, p), output j every range that has j in it.
BoxAxis covering_axis(int64_t length, int64_t p);

// All q are 1 in a box: running sums, down the rows and along them, so that the cost does not depend on the box.
std::unique_ptr<LaneFilter> make_box_filter(BoxAxis rows, BoxAxis columns);

}  // namespace farfield
