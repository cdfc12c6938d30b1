#include <cmath>

#include "samplers/schedules/schedules.h"
#include "samplers/schedules/vp_time.h"

namespace farfield {

double vp_uniform_level(const ScheduleRange& range, LevelPlace place) {
  const double end = std::pow(range.vp_end, 1 / range.rho);
  const double t = std::pow(1 + place.fraction() * (end - 1), range.rho);
  return VpTime::fitted(range.sigma_min, range.sigma_max, range.vp_end).sigma(t);
}

}  // namespace farfield
