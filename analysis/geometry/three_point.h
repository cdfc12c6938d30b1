#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace farfield {

// The derivative at t_n of the parabola through three neighbouring points of a grid that need not be even: the sum of
// weights[j] f(t_{first + j}). Second order.
struct ThreePointRule {
  int64_t first;
  std::array<double, 3> weights;
};

// One rule a point: central, at the ends one-sided. `points` [R >= 3], strictly monotone.
std::vector<ThreePointRule> three_point_rules(const std::vector<double>& points);

}  // namespace farfield
