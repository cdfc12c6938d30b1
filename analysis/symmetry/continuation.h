#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analysis/symmetry/fixed_points.h"

namespace farfield {

// The fixed point of the drift that starts at the mean of the data at high noise, followed down the levels. It may lose its
// stability there, as of data with a symmetry (a pitchfork: its eigenvalue changes its sign), or end (a fold: the eigenvalue
// comes to 0 and the point meets an unstable one); what it is drawn to then is followed in its place.
struct Continuation {
  std::vector<double> levels;      // falling; those it was followed to
  std::vector<FixedPoint> centre;  // one a level, with eigenvalue and direction
  // Stable points on both sides of the centre along its direction (plus, minus), where they are others than the centre. Looked
  // for from where the centre's eigenvalue j is first above half of what it is stable to.
  std::vector<std::array<std::optional<FixedPoint>, 2>> sides;
  std::optional<FixedPoint> critical;  // where the centre first loses its stability or ends
  bool ends = false;                   // it ends there
  std::vector<double> folds;           // levels at which a followed point ended, the critical one among them
  std::optional<double> lost;          // the level from which on no fixed point was found
  int64_t evaluations = 0;             // of the denoiser at one point
};

// `start_direction` [d], not 0: where the eigenvector is looked for first.
Continuation follow_centre(const PointDenoiser& denoiser, const std::vector<double>& levels,
                           const torch::Tensor& start_direction, const FixedPointOptions& options);

// The potentials of the drifts along the direction of a fixed point, in variance-preserving scales and divided by beta, from
// their value at it: -log p - |z|^2 / 4 of the SDE, -log p / 2 - |z|^2 / 4 of the probability-flow ODE, z = alpha (x + y u).
struct PotentialCurve {
  double sigma;
  std::vector<double> position;  // alpha y
  std::vector<double> sde, ode;
};
// At `points` places y from -reach to reach, an odd number. The density where the denoiser knows it, else its score summed by the
// trapezoid rule.
PotentialCurve potential_along(const Denoiser& denoiser, const PointDenoiser& points_of, const FixedPoint& at,
                               double reach, int64_t points);
// The same by the trapezoid rule whatever the denoiser knows.
PotentialCurve integrated_potential(const PointDenoiser& denoiser, const FixedPoint& at, double reach, int64_t points);

}  // namespace farfield
