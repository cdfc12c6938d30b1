#include "samplers/schedules/truncated_levels.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

// The level that sigma means, or sigma.
double snapped(const std::vector<double>& levels, double sigma) {
  constexpr double kSameLevel = 1e-6;
  check_levels(levels);
  for (const double level : levels) {
    if (level > 0 && std::abs(level - sigma) <= kSameLevel * level) return level;
  }
  return sigma;
}

}  // namespace

std::vector<double> levels_from(const std::vector<double>& levels, double sigma) {
  sigma = snapped(levels, sigma);
  if (!(sigma <= levels.front() && sigma > levels.back())) {
    throw usage_error(
        fmt::format("teleport: sigma is {}, expected one in the schedule's range, at most {} and above {}",
                    format_double(sigma), format_double(levels.front()), format_double(levels.back())));
  }
  std::vector<double> rest = {sigma};
  for (const double level : levels) {
    if (level < sigma) rest.push_back(level);
  }
  return rest;
}

std::vector<double> levels_down_to(const std::vector<double>& levels, double sigma) {
  sigma = snapped(levels, sigma);
  if (!(sigma < levels.front() && sigma >= levels.back() && sigma > 0)) {
    throw usage_error(
        fmt::format("ODE-Jump: sigma is {}, expected one above 0 in the schedule's range, below {} and at "
                    "least {}",
                    format_double(sigma), format_double(levels.front()), format_double(levels.back())));
  }
  std::vector<double> first;
  for (const double level : levels) {
    if (level > sigma) first.push_back(level);
  }
  first.push_back(sigma);
  return first;
}

}  // namespace farfield
