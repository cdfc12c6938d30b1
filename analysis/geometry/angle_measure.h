#pragma once

#include <cstdint>
#include <vector>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/path_scales.h"
#include "analysis/geometry/tile.h"

namespace farfield {

// The angle between two vectors a and b: its cosine <a, b> / (|a| |b|), and itself in degrees by atan2(|a - proj|, <a,
// b> / |b|), proj the projection of a on b; an inverse cosine loses everything near 0. NaN where a or b has no
// direction.
struct VectorAngle {
  double cosine = kNoValue, degrees = kNoValue;
};

// Directions along a trajectory z_0 ... z_{L-1} with D_0 ... D_{L-2}: "A Geometric Perspective on Diffusion Models",
// figure 10; "On the Trajectory Regularity of ODE-based Diffusion Sampling", A.3.3.
class AngleMeasure {
 public:
  // `scales` must outlive it.
  explicit AngleMeasure(const PathScales& scales);

  void begin(const Tile& states, const Tile& denoised);                   // some of the columns, the first
  void add(const Tile& states, const Tile& denoised);                     // all columns
  void finish(const ChordMeasure& states, const ChordMeasure& denoised);  // finished

  std::vector<double> norm_eps;     // [L-1] |e_n| / sigma_n, e = x - D in the variance-exploding form
  std::vector<double> step_length;  // [L-1] |z_{n+1} - z_n|
  std::vector<VectorAngle> to_end;  // [L-1] between -dz/dsigma at n and z_end - z_n
  std::vector<VectorAngle> step;    // [L-1] between z_{n+1} - z_n and the step before; none at 0

 private:
  const PathScales& scales_;
  int64_t steps_;                             // L - 1
  std::vector<LaneSum> ends_, turns_;         // [L-1][4], [L-1][3]
  std::vector<double> end_part_, turn_part_;  // of the projections, as the first columns say
};

}  // namespace farfield
