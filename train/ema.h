#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// The moving average of the weights, which is what is sampled from. EDM's rule, in images.
struct EmaOptions {
  int64_t halflife_images = 500'000;  // >= 0; 0: no averaging (EDM, --ema 0.5 Mimg)
  double ramp_ratio = 0.05;           // > 0: the half-life is at most ramp_ratio * images seen; 0: no ramp
  void validate() const;
};

// The weight of the old average in an update after `batch` images, `images` seen before it:
// 0.5^(batch / max(half, 1e-8)) with half = min(halflife, images * ramp_ratio). 0 on the first step: a copy.
double ema_beta(const EmaOptions& options, int64_t images, int64_t batch);

// average = parameters + beta (average - parameters), in place, over flat buffers.
void update_ema(torch::Tensor& average, const torch::Tensor& parameters, double beta);

}  // namespace farfield
