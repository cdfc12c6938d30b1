#pragma once

#include <cstdint>

namespace farfield {

// EDM's schedule: constant after a linear warm-up.
struct LearningRateOptions {
  double rate = 1e-3;             // > 0 (EDM, --lr)
  int64_t rampup_images = 10'000'000;  // >= 0; 0: none (EDM, lr_rampup_kimg)
  void validate() const;
};

// rate * min(images / rampup_images, 1), `images` seen before the step; so the very first step moves nothing.
double learning_rate(const LearningRateOptions& options, int64_t images);

}  // namespace farfield
