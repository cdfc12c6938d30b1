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

// What is left of a vector v off a direction u, v - <v, u> / |u|^2 u, in one pass and without cancellation. A first
// part k of u is known from some of the columns and taken off; what the sums over all columns say is off it still is of
// the size of the rest, and corrects it: rest = v - k u, |v_perp|^2 = |rest|^2 - <rest, u>^2 / |u|^2. (As |v|^2 - <v,
// u>^2 / |u|^2 the same number would lose all digits where v is nearly along u.)
struct Projection {
  double part;    // of u in v: <v, u> / |u|^2
  double square;  // |v_perp|^2
};
inline Projection corrected(double first_part, double rest_rest, double rest_u, double u_u) {
  if (!(u_u > 0)) return {first_part, rest_rest};
  const double more = rest_u / u_u, square = rest_rest - more * rest_u;
  return {first_part + more, square > 0 ? square : 0};
}

// A sequence of points p_0 ... p_{R-1} (the states of a trajectory, or its D) and the chord c = p_0 - p_{R-1} between
// its own ends: "A Geometric Perspective on Diffusion Models", section 3.2. All [R].
class ChordMeasure {
 public:
  explicit ChordMeasure(int64_t rows);

  void begin(const Tile& points);  // some of the columns, the first
  void add(const Tile& points);    // all columns
  void finish();

  // |p_n|, |p_n - p_end|, and the part <p_n - p_end, c> / |c|^2 of the chord that lies between: 1 at the start, 0 at
  // the end, and 0 throughout where the ends coincide.
  std::vector<double> norm, distance, along;
  std::vector<double> deviation;  // |(p_n - p_end) - along_n c|; the distance where the ends coincide
  double length = 0;              // |c|
  bool has_direction = false;

  std::vector<double> first_along;  // after begin(): the part that the first columns say

 private:
  std::vector<LaneSum> sums_;  // [R][4]
};

}  // namespace farfield
