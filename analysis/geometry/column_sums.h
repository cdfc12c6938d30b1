#pragma once

#include <cstdint>

#include "core/math/lanes.h"

// Before a short loop over sums: without it they would not stay in registers.
#if defined(__GNUC__) && !defined(__clang__)
#define FARFIELD_UNROLLED _Pragma("GCC unroll 8")
#else
#define FARFIELD_UNROLLED
#endif

namespace farfield {

// Sums over the columns of a tile in eight lanes of float64. Lane l adds up columns l, l + 8, ... tile after tile, and
// the lanes are added in pairs at the end: an order that depends on the number of columns alone.
using ColumnLanes = LanesOf<double>::Type;
inline constexpr int64_t kLanes = LanesOf<double>::kWidth;
inline constexpr int64_t kColumnUnit = 2 * kLanes;  // the widths of tiles are multiples of it

// Eight lanes of one sum, in memory.
struct LaneSum {
  double lanes[kLanes] = {};
  double total() const {
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
};

// add(at, sums): adds the products of columns at ... at + 7 to its kSums sums. An inlined function object.
template <int kSums, class Add>
FARFIELD_INLINE void sum_columns(int64_t width, LaneSum* sums, const Add& add) {
  ColumnLanes even[kSums] = {}, odd[kSums] = {};
  for (int64_t at = 0; at < width; at += kColumnUnit) {
    add(at, even);
    add(at + kLanes, odd);
  }
  FARFIELD_UNROLLED
  for (int k = 0; k < kSums; ++k) store(sums[k].lanes, load(sums[k].lanes) + (even[k] + odd[k]));
}

}  // namespace farfield
