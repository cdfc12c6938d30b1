#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/schedules/schedules.h"

namespace farfield {
namespace {

constexpr int kIddpmLevels = 1000;  // M
constexpr double kC1 = 0.001, kC2 = 0.008;

double abar(int j) {
  const double root = std::sin(std::numbers::pi / 2 * j / (kIddpmLevels * (kC2 + 1)));
  return root * root;
}

// u_0 > ... > u_M = 0.
const std::vector<double>& iddpm_table() {
  static const std::vector<double> levels = [] {
    std::vector<double> u(kIddpmLevels + 1, 0.0);
    for (int j = kIddpmLevels; j > 0; --j) {
      u[j - 1] = std::sqrt((u[j] * u[j] + 1) / std::max(abar(j - 1) / abar(j), kC1) - 1);
    }
    return u;
  }();
  return levels;
}

}  // namespace

double iddpm_level(const ScheduleRange& range, LevelPlace place) {
  const auto first = std::lower_bound(iddpm_table().begin(), iddpm_table().end(), range.sigma_max, std::greater<>());
  const auto end = std::upper_bound(first, iddpm_table().end(), range.sigma_min, std::greater<>());
  if (first == end) {
    throw usage_error(fmt::format("noise levels: none of iDDPM's noise levels lies in {} to {}; widen the range",
                                  format_double(range.sigma_min), format_double(range.sigma_max)));
  }
  // Half to even, on the product in this order, as the reference implementation rounds.
  const double stride = static_cast<double>(end - first - 1) / static_cast<double>(place.intervals);
  return first[static_cast<int64_t>(std::nearbyint(stride * static_cast<double>(place.index)))];
}

}  // namespace farfield
