#include "analysis/theory/gaussian_curves.h"

#include <cmath>

namespace farfield {
namespace {

double spread(double eigenvalue, NoiseScale at) { return at.s * at.s + eigenvalue * at.alpha * at.alpha; }

}  // namespace

double psi(double eigenvalue, NoiseScale at, NoiseScale start) {
  return std::sqrt(spread(eigenvalue, at) / spread(eigenvalue, start));
}

double xi(double eigenvalue, NoiseScale at, NoiseScale start) {
  return at.alpha * amplification(eigenvalue, at) * amplification(eigenvalue, start);
}

double amplification(double eigenvalue, NoiseScale at) {
  return eigenvalue > 0 ? std::sqrt(eigenvalue / spread(eigenvalue, at)) : 0;
}

double xi_slope_ve(double eigenvalue, double sigma, double start_sigma) {
  if (eigenvalue <= 0) return 0;
  const NoiseScale at = ve_scale(sigma);
  return -xi(eigenvalue, at, ve_scale(start_sigma)) * sigma / spread(eigenvalue, at);
}

double xi_slope_vp(double eigenvalue, NoiseScale at, NoiseScale start) {
  if (eigenvalue <= 0) return 0;
  return amplification(eigenvalue, at) * amplification(eigenvalue, start) / spread(eigenvalue, at);
}

double xi_rate(double eigenvalue, const NoiseProcess& process, const ProcessPoint& at) {
  if (eigenvalue <= 0) return 0;
  const double slope = process.exploding() ? xi_slope_ve(eigenvalue, at.scale.s, process.start().s)
                                           : xi_slope_vp(eigenvalue, at.scale, process.start()) * at.slope;
  return slope / std::sqrt(eigenvalue);
}

CriticalLevels critical_levels(double eigenvalue) {
  return {std::sqrt(eigenvalue), std::sqrt(eigenvalue / 2), std::sqrt(2 * eigenvalue), 1 / std::sqrt(1 + eigenvalue)};
}

}  // namespace farfield
