#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/io/rows.h"

namespace farfield {

// What interpolation does to latents, exactly ("A Geometric Perspective on Diffusion Models", B.5, figure 31, table 1):
// two independent z_0, z_1 ~ N(0, T^2 I) in `dim` numbers, alpha in [0, 1] from z_0 to z_1.

// E|x(alpha)|^2 / (T^2 d). linear: (1 - alpha)^2 + alpha^2. indist: 1, whatever the weight. spherical: with a and b the two
// factors of the great circle and psi the angle, 1 - 2 (1 - k^2) E_psi[a b cos psi], k = E|z| / (T sqrt d), psi with density
// ~ sin^(d-2) psi; for d < 4 that mean does not exist (nearly opposite corners): infinite for 0 < alpha < 1. 1e-9.
// usage_error for an unknown mode.
double expected_square(const std::string& mode, double alpha, int64_t dim);

// Variance of a coordinate over T^2 of the great circle at a fixed angle (eq. 30): (sin^2((1 - alpha) psi) + sin^2(alpha psi)) /
// sin^2 psi; half way 1 / (2 cos^2(psi / 2)) = 1/2 sec^2(psi / 2), of which the document prints 2 sec^2.
double spherical_variance(double alpha, double psi);

// |x(1/2)| / C of two corners of one length C with the angle psi between them. `weight`: of indist.
double half_way_length(const std::string& mode, const std::string& weight, double psi);

// The dimensions of figure 31.
inline const std::vector<int64_t> kInterpolationDims = {2, 16, 256, 3072};

// theory.csv: mode, dim, alpha, expected_square (empty where it does not exist); 41 alphas.
Table interpolation_theory_table();
// shifts.csv, table 1 in numbers: mode, weight, square_D half way for each of the dimensions, length_90 and length_60 (half way,
// corners of one length at 90 and 60 degrees), lambda_half (of z_1, of indist).
Table interpolation_shift_table();

}  // namespace farfield
