#include <cmath>

#include "samplers/schedules/schedules.h"

namespace farfield {

double polynomial_level(const ScheduleRange& range, LevelPlace place) {
  const double high = std::pow(range.sigma_max, 1 / range.rho), low = std::pow(range.sigma_min, 1 / range.rho);
  return std::pow(high + place.fraction() * (low - high), range.rho);
}

double quadratic_sigma_level(const ScheduleRange& range, LevelPlace place) {
  const double left = 1 - place.fraction(), weight = left * left;
  return (1 - weight) * range.sigma_min + weight * range.sigma_max;
}

double polyexponential_level(const ScheduleRange& range, LevelPlace place) {
  const double high = std::log(range.sigma_max), low = std::log(range.sigma_min);
  return std::exp(std::pow(1 - place.fraction(), range.rho) * (high - low) + low);
}

}  // namespace farfield
