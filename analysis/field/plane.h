#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// A plane in the space of samples with a box in it: x(p, q) = origin + p e1 + q e2, units are L2 distances.
struct ScorePlane {
  torch::Tensor origin, e1, e2;                         // [d] float64; e1, e2 orthonormal
  torch::Tensor anchors;                                // [A, 2] float64: their places in the plane; A may be 0
  double p_low = 0, p_high = 1, q_low = 0, q_high = 1;  // the box

  int64_t dim() const { return origin.numel(); }
  // [...]: places [m, 2] -> points [m, d], and back: of each point its place, and how far it is from the plane.
  torch::Tensor points(const torch::Tensor& places) const;
  torch::Tensor places(const torch::Tensor& points) const;
};

// Through three samples, rows [3, d], d >= 2: origin the first, e1 towards the second, e2 by Gram and Schmidt towards the third, the box
// that of the three enlarged by a quarter each side. usage_error where they are collinear; `names` are what it calls them.
ScorePlane plane_through(const torch::Tensor& anchors, const std::vector<std::string>& names);
// The plane that data of two numbers [n, 2] live in: its own axes, the box that of the data enlarged by a quarter each side.
ScorePlane plane_of(const torch::Tensor& data, const torch::Tensor& anchors);

// Evenly spaced places over the box, both ends included, row after row (q) from the lowest: [grid * grid, 2].
torch::Tensor grid_places(const ScorePlane& plane, int64_t grid);
std::vector<double> grid_line(double low, double high, int64_t grid);

// Which places [m, 2] lie within the triangle of the first three anchors, [m] bool. A place on an edge does.
torch::Tensor inside_triangle(const ScorePlane& plane, const torch::Tensor& places);

}  // namespace farfield
