#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/three_point.h"
#include "analysis/geometry/tile.h"

namespace farfield {

// Curvature and torsion of a trajectory as a curve over sigma, from its exact slopes: r' = (x - D) / sigma and, by "On
// the Trajectory Regularity of ODE-based Diffusion Sampling", proposition 4.1, r'' = -(1 / sigma) dD/dsigma; r''' =
// dr''/dsigma. Both derivatives by the three-point rule. In any number of dimensions, with G2 and G3 the Gram
// determinants of the first two and of all three,
//   curvature = sqrt(G2) / |r'|^3 = |r''_perp| / |r'|^2,  |torsion| = sqrt(G3) / G2 = |r'''_perp| / (|r'| |r''_perp|),
// perp: what is left after orthogonalisation against those before (Projection), not a difference of determinants.
class CurvatureMeasure {
 public:
  // levels [L]: of x_n; D is known at all but the last. With less than three D all values are NaN.
  explicit CurvatureMeasure(const std::vector<double>& levels);

  void begin(const Tile& states, const Tile& denoised);                   // some of the columns, the first
  void add(const Tile& states, const Tile& denoised);                     // all columns
  void finish(const ChordMeasure& states, const ChordMeasure& denoised);  // finished

  std::vector<double> curvature;  // [L-1]; NaN where r' has no direction
  std::vector<double>
      torsion;  // [L-1], its size; NaN where r'' is along r' (G2 < 1e-24 |r'|^2 |r''|^2, or rounding of D)
  double total_turning = kNoValue;  // the integral of curvature |r'| over sigma by the trapezoid rule, radians

 private:
  using Parts = std::array<double, 3>;  // of r' in r'', of r' and r''_perp in r'''
  void add_to(std::vector<LaneSum>& sums, const Tile& states, const Tile& denoised);

  std::vector<double> levels_;         // of the D
  std::vector<ThreePointRule> rules_;  // empty: nothing to do
  Tile second_;                        // r''
  std::vector<Parts> parts_;           // as the first columns say
  std::vector<LaneSum> sums_;          // [L-1][7]
};

}  // namespace farfield
