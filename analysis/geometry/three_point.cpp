#include "analysis/geometry/three_point.h"

#include <algorithm>

#include "core/error.h"

namespace farfield {

std::vector<ThreePointRule> three_point_rules(const std::vector<double>& points) {
  const auto count = static_cast<int64_t>(points.size());
  check(count >= 3, "three_point_rules: needs three points");
  std::vector<ThreePointRule> rules;
  for (int64_t n = 0; n < count; ++n) {
    const int64_t first = std::clamp<int64_t>(n - 1, 0, count - 3);
    const double a = points[first], b = points[first + 1], c = points[first + 2], t = points[n];
    rules.push_back({first,
                     {((t - b) + (t - c)) / ((a - b) * (a - c)), ((t - a) + (t - c)) / ((b - a) * (b - c)),
                      ((t - a) + (t - b)) / ((c - a) * (c - b))}});
  }
  return rules;
}

}  // namespace farfield
