#include "analysis/stats/share_interval.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace farfield {

Interval95 share_interval(int64_t hits, int64_t count) {
  check(count >= 1 && hits >= 0 && hits <= count, "share_interval: hits are 0 to count");
  constexpr double kZ = 1.959963984540054;  // the normal's 97.5 % quantile
  const auto n = static_cast<double>(count);
  const double share = static_cast<double>(hits) / n, scale = 1 + kZ * kZ / n;
  const double centre = (share + kZ * kZ / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {hits == 0 ? 0 : std::max(0.0, centre - half), hits == count ? 1 : std::min(1.0, centre + half)};
}

}  // namespace farfield
