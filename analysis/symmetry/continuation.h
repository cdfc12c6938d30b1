#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analysis/symmetry/fixed_points.h"

namespace farfield {

// The fixed point of the drift that starts at the mean of the data at high noise, followed down the levels.
struct Continuation {
  std::vector<double> levels;      // falling; those it was followed to
  std::vector<FixedPoint> centre;  // one a level, with eigenvalue and direction
  // Stable points on both sides of the centre along its direction (plus, minus), where they are others than the centre.
  std::vector<std::array<std::optional<FixedPoint>, 2>> sides;
  std::optional<FixedPoint> critical;  // where the centre's largest eigenvalue changes its sign for the first time
  std::optional<double> lost;          // the level at which Newton's method found it no more
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
