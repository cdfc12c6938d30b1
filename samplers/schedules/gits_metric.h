#pragma once

#include <string>
#include <vector>

namespace farfield {

// How far an Euler jump xh along the teacher's slope misses ("Geometric Perspective", section 5.3, and GITS):
//   kDev: dev(xh) - dev(x_j), dev the distance from the chord between the trajectory's two ends; may be negative
//   kL1, kL2: ||xh - x_j|| in that norm
enum class GitsMetric { kDev, kL1, kL2 };

const std::vector<std::string>& gits_metric_names();    // dev, l1, l2
GitsMetric parse_gits_metric(const std::string& name);  // usage_error with the nearest name
std::string to_string(GitsMetric metric);

}  // namespace farfield
