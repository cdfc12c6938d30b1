#include "models/smoothing/line_data.h"

#include <algorithm>
#include <limits>
#include <map>

namespace farfield {
namespace {

using torch::Tensor;

double unit_of(torch::ScalarType dtype) {
  return dtype == torch::kFloat64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

Tensor furthest_from(const Tensor& rows, const Tensor& place) {
  return rows[(rows - place).square().sum(1).argmax().item<int64_t>()];
}

// From one end of the data to the other; the largest component is positive. The first axis where all points are one.
Tensor direction_of(const Tensor& rows) {
  const Tensor end = furthest_from(rows, rows[0]), along = furthest_from(rows, end) - end;
  const double length = along.norm().item<double>();
  if (length == 0) {
    Tensor axis = torch::zeros_like(along);
    axis[0] = 1;
    return axis;
  }
  const Tensor unit = along / length;
  return unit[unit.abs().argmax().item<int64_t>()].item<double>() < 0 ? -unit : unit;
}

}  // namespace

Tensor project(const LineData& line, const Tensor& rows) { return (rows * line.direction).sum(1); }

std::optional<LineData> line_of(const Tensor& points) {
  const Tensor rows = points.to(torch::kFloat64).contiguous();
  LineData line{{}, direction_of(rows), {}, {}};
  const Tensor places = project(line, rows), off = rows - places.unsqueeze(1) * line.direction;
  line.origin = off[0].clone();
  const double allowed = 4 * unit_of(points.scalar_type()) * rows.abs().max().item<double>();
  if (!((off - line.origin).abs().max().item<double>() <= allowed)) return std::nullopt;
  std::map<double, double> found;
  for (int64_t i = 0; i < places.numel(); ++i) ++found[places.const_data_ptr<double>()[i]];
  for (const auto& [place, count] : found) line.points.push_back(place), line.counts.push_back(count);
  return line;
}

}  // namespace farfield
