#pragma once

#include "analysis/theory/noise_process.h"

namespace farfield {

// The probability-flow ODE of a Gaussian along one eigenvector u of its covariance, eigenvalue l >= 0 ("The Unreasonable
// Effectiveness of Gaussian Score Approximation", eq. 15-23), from `start` (s > 0) to `at`, in variance-exploding or
// -preserving scales alike. With c = <u, x - alpha m> at the start, x_t has psi c along u and D has xi c. Without variance
// (l = 0) psi = s / s_start, and xi and the amplification are 0, also at s = 0.
double psi(double eigenvalue, NoiseScale at, NoiseScale start);  // sqrt((s^2 + l alpha^2) / (s_T^2 + l alpha_T^2))
double xi(double eigenvalue, NoiseScale at,
          NoiseScale start);  // alpha l / sqrt((l alpha^2 + s^2) (l alpha_T^2 + s_T^2))

// What a perturbation of 1 along u at `at` has become at the end, sqrt(l / (s^2 + l alpha^2)) (eq. 23).
double amplification(double eigenvalue, NoiseScale at);

// d xi / d sigma of the variance-exploding process, -l sigma / (sqrt(l + sigma_T^2) (l + sigma^2)^(3/2)), and
// d xi / d alpha of the preserving one, l / (sqrt(l alpha_T^2 + s_T^2) (l alpha^2 + s^2)^(3/2)).
double xi_slope_ve(double eigenvalue, double sigma, double start_sigma);
double xi_slope_vp(double eigenvalue, NoiseScale at, NoiseScale start);
// The slope of xi / sqrt(l) over the time of a process at one of its points; 0 for l = 0 (Fig 3 D).
double xi_rate(double eigenvalue, const NoiseProcess& process, const ProcessPoint& at);

// Where a feature appears: the level at which xi has come to 1 / sqrt(2) of its end, sqrt(l); where |d xi / d sigma| is
// largest, sqrt(l / 2); where |d xi / d ln sigma| is, sqrt(2 l); and the signal scale alpha = 1 / sqrt(1 + l) of the first.
struct CriticalLevels {
  double half_power, steepest, steepest_log, alpha;
};
CriticalLevels critical_levels(double eigenvalue);

}  // namespace farfield
