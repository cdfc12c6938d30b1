#include "train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "train/require.h"

namespace farfield {
namespace {

double decay(const LearningRateOptions& options, int64_t images) {
  if (options.schedule == "constant") return 1;
  const double part = static_cast<double>(images) / static_cast<double>(options.decay_images);
  if (options.schedule == "inverse_sqrt") return 1 / std::sqrt(std::max(part, 1.0));
  return (1 + std::cos(std::numbers::pi * std::min(part, 1.0))) / 2;
}

}  // namespace

LearningRateOptions LearningRateOptions::from_config(const Config& optimiser) {
  LearningRateOptions options;
  options.rate = optimiser.number("learning_rate", options.rate);
  options.rampup_images = optimiser.integer("rampup_images", options.rampup_images);
  options.schedule = optimiser.choice("schedule", options.schedule, {"constant", "inverse_sqrt", "cosine"});
  if (options.schedule != "constant") {
    options.decay_images = optimiser.integer("decay_images", options.decay_images);
  } else if (optimiser.has("decay_images")) {
    throw usage_error(optimiser.where("decay_images") +
                      ": optimiser.decay_images does not apply to optimiser.schedule = constant");
  }
  return options;
}

void LearningRateOptions::validate() const {
  require_option(std::isfinite(rate) && rate > 0, "optimiser.learning_rate", rate, "above 0");
  require_option(rampup_images >= 0, "optimiser.rampup_images", static_cast<double>(rampup_images), "0 or more");
  require_option(schedule == "constant" || decay_images > 0, "optimiser.decay_images", static_cast<double>(decay_images),
                 "above 0 with a schedule that decays");
}

double learning_rate(const LearningRateOptions& options, int64_t images) {
  const double rate = options.rate * decay(options, images);
  if (options.rampup_images == 0) return rate;
  return rate * std::min(static_cast<double>(images) / static_cast<double>(options.rampup_images), 1.0);
}

}  // namespace farfield
