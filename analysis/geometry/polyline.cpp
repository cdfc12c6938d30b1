#include "analysis/geometry/polyline.h"

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

torch::Tensor lengths(const torch::Tensor& vectors) { return vectors.square().sum(1).sqrt(); }

torch::Tensor checked_points(const torch::Tensor& points) {
  if (points.dim() < 2 || points.size(0) < 3 || !points.is_floating_point()) {
    throw usage_error(fmt::format("polyline: points are {} {}, expected floating point [N, ...], N at least 3",
                                  toString(points.scalar_type()), c10::str(points.sizes())));
  }
  const torch::Tensor x = points.detach().to(torch::kCPU, torch::kFloat64).flatten(1).contiguous();
  if (!x.isfinite().all().item<bool>()) throw usage_error("polyline: points that are not finite; leave them out");
  if (lengths(x[-1].unsqueeze(0) - x[0]).item<double>() == 0)
    throw usage_error("polyline: the last point is the first; a closed curve has no chord, cut it open");
  if (lengths(x.slice(0, 1) - x.slice(0, 0, -1)).min().item<double>() == 0)
    throw usage_error("polyline: two points in a row are the same; leave one out");
  return x;
}

}  // namespace

Polyline measure_polyline(const torch::Tensor& points) {
  const torch::Tensor x = checked_points(points), from_start = x - x[0], chord = x[-1] - x[0];
  Polyline line;
  line.chord_length = chord.norm().item<double>();
  const torch::Tensor unit = chord / line.chord_length;
  line.along_chord = from_start.matmul(unit);
  line.chord_deviation = lengths(from_start - line.along_chord.unsqueeze(1) * unit);
  const torch::Tensor q = x.slice(0, 1) - x.slice(0, 0, -1), size = lengths(q);
  line.arc_length = torch::cat({torch::zeros({1}, torch::kFloat64), size.cumsum(0)});
  line.length = line.arc_length[-1].item<double>();
  const torch::Tensor direction = q / size.unsqueeze(1), before = direction.slice(0, 0, -1),
                      after = direction.slice(0, 1);
  line.turn_angle = 2 * torch::atan2(lengths(after - before), lengths(after + before));
  line.turn_curvature = 2 * line.turn_angle / (size.slice(0, 0, -1) + size.slice(0, 1));
  line.total_turning = line.turn_angle.sum().item<double>();
  const torch::Tensor step = q.slice(0, 1), across = step - (step * before).sum(1, /*keepdim=*/true) * before;
  const torch::Tensor over = size.slice(0, 1) * lengths(x.slice(0, 2) - x.slice(0, 0, -2));
  line.menger_curvature = torch::where(over > 0, 2 * lengths(across) / over, torch::zeros_like(over));
  return line;
}

}  // namespace farfield
