#pragma once

#include <cstdint>
#include <string>

#include "core/config/config.h"

namespace farfield {

// A linear warm-up, and what the rate does besides.
struct LearningRateOptions {
  double rate = 1e-3;                  // the highest, > 0 (EDM, --lr)
  int64_t rampup_images = 10'000'000;  // of the warm-up, >= 0; 0: none (EDM, lr_rampup_kimg)
  std::string schedule = "constant";   // constant (EDM), inverse_sqrt (Karras et al. 2024), cosine
  int64_t decay_images = 0;            // inverse_sqrt: the decay begins here; cosine: it ends here, at 0; > 0

  // From an `optimiser` section: learning_rate, rampup_images, schedule, and with a decay decay_images.
  static LearningRateOptions from_config(const Config& optimiser);
  void validate() const;
};

// rate * min(images / rampup_images, 1) * f, `images` seen before the step; so the very first step moves nothing. f is
//   constant      1
//   inverse_sqrt  1 / sqrt(max(images / decay_images, 1))
//   cosine        (1 + cos(pi min(images / decay_images, 1))) / 2
double learning_rate(const LearningRateOptions& options, int64_t images);

}  // namespace farfield
