#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/three_point.h"
#include "analysis/geometry/tile.h"

namespace farfield {

// Curvature and torsion of a trajectory as a curve over sigma, from its exact slopes: r' = (x - D) / sigma and, by "On the
// Trajectory Regularity of ODE-based Diffusion Sampling", proposition 4.1, r'' = -(1 / sigma) dD/dsigma; r''' = dr''/dsigma.
// Both derivatives by the three-point rule. In any number of dimensions, with G2 and G3 the Gram determinants of the first
// two and of all three,
//   curvature = sqrt(G2) / |r'|^3 = |r''_perp| / |r'|^2,  |torsion| = sqrt(G3) / G2 = |r'''_perp| / (|r'| |r''_perp|),
// perp: what is left after orthogonalisation against those before, from the vectors themselves. In three passes.
class CurvatureMeasure {
 public:
  // levels [L]: of x_n; D is known at all but the last. With less than three D all values are NaN.
  explicit CurvatureMeasure(const std::vector<double>& levels);

  void first_pass(const Tile& states, const Tile& denoised);
  void settle(const ChordMeasure& states, const ChordMeasure& denoised);  // settled
  void second_pass(const Tile& states, const Tile& denoised);
  void settle_again();
  void third_pass(const Tile& states, const Tile& denoised);
  void finish();

  std::vector<double> curvature;  // [L-1]; NaN where r' has no direction
  std::vector<double>
      torsion;               // [L-1], its size; NaN where r'' is along r' (G2 < 1e-24 |r'|^2 |r''|^2, or rounding of D)
  double total_turning = 0;  // the integral of curvature |r'| over sigma by the trapezoid rule, radians; NaN without

 private:
  void set_slopes(const Tile& denoised);  // second_ := r'' of the tile

  std::vector<double> levels_;         // of the D
  std::vector<ThreePointRule> rules_;  // empty: nothing to do
  Tile second_;
  std::vector<LaneSum> products_, rests_, last_;  // [L-1][4], [L-1][2], [L-1]
  std::vector<std::array<double, 3>> parts_;      // of r' in r'' and r''', of r''_perp in r'''
  std::vector<double> speed_, bend_;              // |r'|, |r''_perp|
  std::vector<double> least_bend_;                // what is rounding
};

}  // namespace farfield
