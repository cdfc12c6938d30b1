#include "train/learning_rate.h"

#include <algorithm>
#include <cmath>

#include "train/require.h"

namespace farfield {

void LearningRateOptions::validate() const {
  require_option(std::isfinite(rate) && rate > 0, "optimiser.learning_rate", rate, "above 0");
  require_option(rampup_images >= 0, "optimiser.rampup_images", static_cast<double>(rampup_images), "0 or more");
}

double learning_rate(const LearningRateOptions& options, int64_t images) {
  if (options.rampup_images == 0) return options.rate;
  return options.rate * std::min(static_cast<double>(images) / static_cast<double>(options.rampup_images), 1.0);
}

}  // namespace farfield
