#include "analysis/field/plane.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kBoxMargin = 0.25;      // of the box's sides, on each of them
constexpr double kLeastHeight = 1e-6;    // of a triangle against its sides; float32 samples have 1e-7
constexpr double kEdgeRounding = 1e-12;  // of barycentric coordinates

// The box of places [n, 2] enlarged; of places that share a coordinate, one unit wide.
void set_box(const torch::Tensor& places, ScorePlane& plane) {
  const auto side = [&](int64_t axis, double& low, double& high) {
    const torch::Tensor along = places.select(1, axis);
    low = along.min().item<double>();
    high = along.max().item<double>();
    const double margin = high > low ? kBoxMargin * (high - low) : 0.5;
    low -= margin;
    high += margin;
  };
  side(0, plane.p_low, plane.p_high);
  side(1, plane.q_low, plane.q_high);
}

}  // namespace

torch::Tensor ScorePlane::points(const torch::Tensor& places) const {
  return origin + places.select(1, 0).unsqueeze(1) * e1 + places.select(1, 1).unsqueeze(1) * e2;
}

torch::Tensor ScorePlane::places(const torch::Tensor& points) const {
  const torch::Tensor from = points - origin;
  return torch::stack({torch::mv(from, e1), torch::mv(from, e2)}, 1);
}

ScorePlane plane_through(const torch::Tensor& anchors, const std::vector<std::string>& names) {
  const torch::Tensor rows = anchors.to(torch::kFloat64);
  check(rows.dim() == 2 && rows.size(0) == 3 && rows.size(1) >= 2,
        "plane_through: three samples of two numbers or more");
  ScorePlane plane;
  plane.origin = rows[0];
  const torch::Tensor first = rows[1] - rows[0], second = rows[2] - rows[0];
  const double along = first.norm().item<double>(), scale = std::max(along, second.norm().item<double>());
  plane.e1 = along > 0 ? first / along : first;
  torch::Tensor across = second - second.dot(plane.e1) * plane.e1;
  across -= across.dot(plane.e1) * plane.e1;
  const double height = across.norm().item<double>();
  if (!(along > kLeastHeight * scale) || !(height > kLeastHeight * scale)) {
    throw usage_error(
        fmt::format("--anchors: samples {} lie on one line; choose three that span a plane", join(names, ", ")));
  }
  plane.e2 = across / height;
  plane.anchors = plane.places(rows);
  set_box(plane.anchors, plane);
  return plane;
}

ScorePlane plane_of(const torch::Tensor& data, const torch::Tensor& anchors) {
  check(data.dim() == 2 && data.size(1) == 2, "plane_of: data of two numbers");
  const torch::Tensor axes = torch::eye(2, torch::kFloat64);
  ScorePlane plane{torch::zeros({2}, torch::kFloat64), axes[0], axes[1], anchors.to(torch::kFloat64)};
  set_box(data.to(torch::kFloat64), plane);
  return plane;
}

std::vector<double> grid_line(double low, double high, int64_t grid) {
  std::vector<double> line;
  for (int64_t i = 0; i < grid; ++i) {
    const double way = grid == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(grid - 1);
    line.push_back(low + way * (high - low));
  }
  return line;
}

torch::Tensor grid_places(const ScorePlane& plane, int64_t grid) {
  const torch::Tensor p = torch::tensor(grid_line(plane.p_low, plane.p_high, grid), torch::kFloat64);
  const torch::Tensor q = torch::tensor(grid_line(plane.q_low, plane.q_high, grid), torch::kFloat64);
  return torch::stack({p.repeat({grid}), q.repeat_interleave(grid)}, 1);
}

torch::Tensor inside_triangle(const ScorePlane& plane, const torch::Tensor& places) {
  check(plane.anchors.size(0) >= 3, "inside_triangle: three anchors");
  const torch::Tensor corner = plane.anchors[0];
  const torch::Tensor sides = torch::stack({plane.anchors[1] - corner, plane.anchors[2] - corner}, 1);  // [2, 2]
  const torch::Tensor share = at::linalg_solve(sides, (places - corner).t());                           // [2, m]
  const double low = -kEdgeRounding, high = 1 + kEdgeRounding;
  return share.ge(low).all(0).logical_and(share.sum(0).le(high));
}

}  // namespace farfield
