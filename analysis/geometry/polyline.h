#pragma once

#include <torch/types.h>

namespace farfield {

// The shape of points x_0 ... x_{N-1} alone, where neither noise levels nor D are known (those of sampling are measured
// from exact slopes, path_geometry.h). q_i = x_{i+1} - x_i; all float64.
struct Polyline {
  double chord_length, length, total_turning;  // |x_{N-1} - x_0|, sum of |q|, sum of the angles
  torch::Tensor along_chord;       // [N] <x_i - x_0, u>, u from the first point to the last: from 0 to chord_length
  torch::Tensor chord_deviation;   // [N] |(x_i - x_0) - along_i u|
  torch::Tensor arc_length;        // [N] from 0
  torch::Tensor turn_angle;        // [N-2] of consecutive segments, 2 atan2(|a - b|, |a + b|) of their unit vectors
  torch::Tensor turn_curvature;    // [N-2] the angle over the mean of the two segments' lengths
  torch::Tensor menger_curvature;  // [N-2] of the circle through three points, 2 |q_perp| / (|q_i| |x_{i+1} - x_{i-1}|)
};

// points [N >= 3, ...shape], any floating dtype. usage_error for other shapes, points that are not finite, a chord of
// length 0 (a closed curve has none) and two points in a row that are the same (they have no direction).
Polyline measure_polyline(const torch::Tensor& points);

}  // namespace farfield
