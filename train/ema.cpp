#include "train/ema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "train/cached_parts.h"
#include "train/nonfinite.h"
#include "train/require.h"

namespace farfield {
namespace {

// gamma = 0, a plain mean, has the largest width: 1 / sqrt(12).
constexpr double kWidest = 0.2886, kNarrowest = 1e-6;
constexpr double kHighestRamp = 1e6;

double sigma_rel_of(double gamma) { return std::sqrt(gamma + 1) / ((gamma + 2) * std::sqrt(gamma + 3)); }

template <class Number>
void require_different(const std::vector<Number>& values, const char* field) {
  const std::set<Number> different(values.begin(), values.end());
  if (different.size() < values.size()) throw usage_error(fmt::format("{} names a value twice", field));
}

}  // namespace

EmaOptions EmaOptions::from_config(const Config& ema) {
  EmaOptions options;
  options.halflife_images = ema.integer("halflife_images", options.halflife_images);
  options.ramp_ratio = ema.number("ramp_ratio", options.ramp_ratio);
  options.more_halflife_images = ema.integers("more_halflife_images", {});
  options.sigma_rel = ema.numbers("sigma_rel", {});
  return options;
}

void EmaOptions::validate() const {
  require_option(halflife_images >= 0 && halflife_images <= limits::kMostImages, "ema.halflife_images",
                 static_cast<double>(halflife_images), fmt::format("0 or more, at most {}", limits::kMostImages));
  require_option(ramp_ratio >= 0 && ramp_ratio <= kHighestRamp, "ema.ramp_ratio", ramp_ratio,
                 fmt::format("0 or more, at most {}", kHighestRamp));
  for (const int64_t half : more_halflife_images) {
    require_option(half > 0 && half <= limits::kMostImages, "ema.more_halflife_images", static_cast<double>(half),
                   fmt::format("above 0, at most {}", limits::kMostImages));
  }
  for (const double width : sigma_rel) {
    require_option(width >= kNarrowest && width < kWidest, "ema.sigma_rel", width,
                   fmt::format("from {} to below {}", kNarrowest, kWidest));
  }
  require_different(more_halflife_images, "ema.more_halflife_images");
  require_different(sigma_rel, "ema.sigma_rel");
}

double ema_beta(const EmaOptions& options, int64_t images, int64_t batch) {
  double half = static_cast<double>(options.halflife_images);
  if (options.ramp_ratio > 0) half = std::min(half, static_cast<double>(images) * options.ramp_ratio);
  return std::pow(0.5, static_cast<double>(batch) / std::max(half, 1e-8));
}

double power_gamma(double sigma_rel) {
  double low = 0, high = 1 / (sigma_rel * sigma_rel);  // sigma_rel_of falls, and is below 1 / sqrt(gamma)
  for (int halving = 0; halving < 200; ++halving) {
    const double middle = (low + high) / 2;
    (sigma_rel_of(middle) > sigma_rel ? low : high) = middle;
  }
  return (low + high) / 2;
}

double power_beta(double gamma, int64_t images, int64_t batch) {
  return std::pow(1 - static_cast<double>(batch) / static_cast<double>(images + batch), gamma + 1);
}

std::string power_average_name(double sigma_rel) { return "power-" + format_double(sigma_rel); }

std::vector<AverageRule> further_averages(const EmaOptions& options) {
  std::vector<AverageRule> rules;
  for (const int64_t half : options.more_halflife_images) {
    const EmaOptions own{half, options.ramp_ratio, {}, {}};
    rules.push_back({fmt::format("halflife-{}", half),
                     [own](int64_t images, int64_t batch) { return ema_beta(own, images, batch); }});
  }
  for (const double width : options.sigma_rel) {
    const double gamma = power_gamma(width);
    rules.push_back({power_average_name(width),
                     [gamma](int64_t images, int64_t batch) { return power_beta(gamma, images, batch); }});
  }
  return rules;
}

bool update_ema(torch::Tensor& average, const torch::Tensor& parameters, double beta) {
  torch::NoGradGuard no_grad;
  bool finite = true;
  for_cached_parts(average, [&](int64_t first, int64_t count) {
    auto part = average.narrow(0, first, count);
    const auto values = parameters.narrow(0, first, count);
    // A copy, not a lerp by one: x + 1 (y - x) is not always y in floating point.
    if (beta == 0) {
      part.copy_(values);
    } else {
      part.lerp_(values, 1 - beta);
    }
    finite = finite && all_finite(part);
  });
  return finite;
}

}  // namespace farfield
