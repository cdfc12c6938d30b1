#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/tile.h"

namespace farfield {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();  // of a measure where there is none
// A difference of vectors that is this much shorter than the longer of them is rounding and has no direction.
inline constexpr double kRounding = 1e-13;

// A sequence of points p_0 ... p_{R-1} (the states of a trajectory, or its D) and the chord c = p_0 - p_{R-1} between its
// own ends, in two passes over its columns: "A Geometric Perspective on Diffusion Models", section 3.2. All [R].
class ChordMeasure {
 public:
  explicit ChordMeasure(int64_t rows);

  void first_pass(const Tile& points);
  void settle();  // after the first pass over all columns
  void second_pass(const Tile& points);
  void finish();  // after the second

  // |p_n|, |p_n - p_end|, and the part <p_n - p_end, c> / |c|^2 of the chord that lies between: 1 at the start, 0 at the
  // end, and 0 throughout where the ends coincide. After settle().
  std::vector<double> norm, distance, along;
  double length = 0;  // of the chord, |c|
  bool has_direction = false;
  // |(p_n - p_end) - along_n c|, from the vectors themselves: as a root of |p_n - p_end|^2 less the part along the chord it
  // would lose all digits at high noise. After finish().
  std::vector<double> deviation;

 private:
  std::vector<LaneSum> products_, rests_;  // [R][3], [R]
};

}  // namespace farfield
