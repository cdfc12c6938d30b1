#include "train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
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
  constexpr double kHighestRate = 1000;
  require_option(rate > 0 && rate <= kHighestRate, "optimiser.learning_rate", rate,
                 fmt::format("above 0, at most {}", kHighestRate));
  require_option(rampup_images >= 0 && rampup_images <= limits::kMostImages, "optimiser.rampup_images",
                 static_cast<double>(rampup_images), fmt::format("0 or more, at most {}", limits::kMostImages));
  const bool decays = decay_images > 0 && decay_images <= limits::kMostImages;
  require_option(schedule == "constant" || decays, "optimiser.decay_images", static_cast<double>(decay_images),
                 fmt::format("above 0 with a schedule that decays, at most {}", limits::kMostImages));
}

double learning_rate(const LearningRateOptions& options, int64_t images) {
  const double rate = options.rate * decay(options, images);
  if (options.rampup_images == 0) return rate;
  return rate * std::min(static_cast<double>(images) / static_cast<double>(options.rampup_images), 1.0);
}

}  // namespace farfield
