#include "samplers/schedules/vp_time.h"

#include <cmath>

namespace farfield {

VpTime VpTime::from_betas(double beta_d, double beta_min, double end) {
  return {beta_d / 2 * end + beta_min, beta_d / 2 + beta_min, end};
}

VpTime VpTime::fitted(double sigma_min, double sigma_max, double end) {
  return {std::log1p(sigma_min * sigma_min) / end, std::log1p(sigma_max * sigma_max), end};
}

double VpTime::sigma(double t) const {
  const double from_end = (t - end_) / (1 - end_), from_one = (1 - t) / (1 - end_);
  return std::sqrt(std::expm1(t * (from_end * at_one_ + from_one * at_end_)));
}

double VpTime::time(double sigma) const {
  if (sigma == 0) return 0;
  const double slope = beta_d(), start = beta_min();
  return (std::sqrt(start * start + 2 * slope * std::log1p(sigma * sigma)) - start) / slope;
}

}  // namespace farfield
