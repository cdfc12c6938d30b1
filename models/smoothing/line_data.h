#pragma once

#include <optional>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Data whose points all lie on one straight line: y = origin + z direction.
struct LineData {
  torch::Tensor origin, direction;  // [d] float64, |direction| = 1; origin is the line's point nearest to 0
  std::vector<double> points;       // z of the distinct points, rising
  std::vector<double> counts;       // how many of the data are at each
};

// points [N, d] float32 or float64, N >= 1. Nothing where they are further from every line than the rounding of their numbers
// (four units of the largest). One dimension always is a line, z = y; along an axis z is that coordinate, exactly.
std::optional<LineData> line_of(const torch::Tensor& points);

// z of rows [B, d] float64: where they meet the line at a right angle. [B] float64
torch::Tensor project(const LineData& line, const torch::Tensor& rows);

}  // namespace farfield
