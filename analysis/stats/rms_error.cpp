#include "analysis/stats/rms_error.h"

#include <cmath>

#include "analysis/stats/bootstrap.h"

namespace farfield {

RmsError rms_error(const torch::Tensor& squares) {
  constexpr int64_t kReplicates = 1000;
  const auto totals = resampled_totals(squares.unsqueeze(1), kReplicates, 0).select(1, 0);
  const auto interval = percentile_interval((totals / static_cast<double>(squares.size(0))).sqrt());
  return {std::sqrt(squares.mean().item<double>()), interval.low, interval.high};
}

}  // namespace farfield
