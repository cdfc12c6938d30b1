#include "train/ema.h"

#include <algorithm>
#include <cmath>

#include "train/require.h"

namespace farfield {

void EmaOptions::validate() const {
  require_option(halflife_images >= 0, "ema.halflife_images", static_cast<double>(halflife_images), "0 or more");
  require_option(std::isfinite(ramp_ratio) && ramp_ratio >= 0, "ema.ramp_ratio", ramp_ratio, "0 or more");
}

double ema_beta(const EmaOptions& options, int64_t images, int64_t batch) {
  double half = static_cast<double>(options.halflife_images);
  if (options.ramp_ratio > 0) half = std::min(half, static_cast<double>(images) * options.ramp_ratio);
  return std::pow(0.5, static_cast<double>(batch) / std::max(half, 1e-8));
}

void update_ema(torch::Tensor& average, const torch::Tensor& parameters, double beta) {
  torch::NoGradGuard no_grad;
  // A copy, not a lerp by one: x + 1 (y - x) is not always y in floating point.
  if (beta == 0) {
    average.copy_(parameters);
  } else {
    average.lerp_(parameters, 1 - beta);
  }
}

}  // namespace farfield
