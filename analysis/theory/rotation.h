#pragma once

#include <vector>

#include <torch/types.h>

#include "analysis/theory/noise_process.h"
#include "core/math/gaussian_stats.h"

namespace farfield {

// How far a trajectory is from the rotation x_t = alpha x_0 + sqrt(1 - alpha^2) x_T, in variance-preserving scales ("The
// Unreasonable Effectiveness of Gaussian Score Approximation", app. D.4).

// J = sqrt(s^2 + l alpha^2) - alpha sqrt(l) - s, what is missing along an eigenvector with a unit coefficient of x_T, for
// alpha_T -> 0 (eq. 104). -min(alpha sqrt(l), s) <= J <= 0, hence |J| <= sqrt(l / (1 + l)). The document's bound,
// 2 (1 - sqrt(1/2)) sqrt(l / (l + 1)) (eq. 107), is the value at alpha = 1 / sqrt(1 + l), which is the least J for l = 1 only.
double rotation_deficit(double eigenvalue, double alpha);
struct LeastDeficit {
  double alpha, value;
};
LeastDeficit least_rotation_deficit(double eigenvalue);  // {1, 0} without variance
double deficit_bound(double eigenvalue);                 // sqrt(l / (1 + l))
double printed_deficit_bound(double eigenvalue);         // 2 (1 - sqrt(1/2)) sqrt(l / (l + 1)): not one

// The factor of the exact remainder, for any start (D.4.1): with b = s / s_T,
// x_t = (alpha - alpha_T b) x_0 + b x_T + sum_k remainder(l_k) c_k u_k.
double rotation_remainder(double eigenvalue, NoiseScale at, NoiseScale start);

// E|x_t - alpha x_0 - s x_T|^2 / E|x_T|^2 = sum_k J(alpha; l_k)^2 / d, and its bounds: the right one, sum_k l_k / (1 + l_k) / d,
// and the document's (1 - sqrt(1/2))^2 r / d of eq. 22, r the number of eigenvalues above 0.
double expected_rotation_error(const GaussianStats& gaussian, double alpha);
double rotation_error_bound(const GaussianStats& gaussian);
double printed_rotation_bound(const GaussianStats& gaussian);

// Trajectories in the plane of their two ends: e1 = x_T / |x_T|, e2 = x_0 made orthogonal to e1. states [L, n, d] are
// variance-preserving, x_T first, at signal scales `alphas`; x0 [n, d]; float64 on the CPU. What has no meaning is NaN: the
// share where x_t = 0, the error where x_T = 0. Where x_0 is parallel to x_T the plane is a line, and y = 0.
struct RotationPlane {
  torch::Tensor coordinates;  // [n, L, 2] <x_t, e1>, <x_t, e2>
  torch::Tensor share;        // [n, L] |P x_t|^2 / |x_t|^2
  torch::Tensor residual;     // [n, L] |x_t - alpha x_0 - sqrt(1 - alpha^2) x_T|
  torch::Tensor error;        // [n, L] residual^2 / |x_T|^2
};
RotationPlane rotation_plane(const torch::Tensor& states, const torch::Tensor& x0, const std::vector<double>& alphas);

}  // namespace farfield
