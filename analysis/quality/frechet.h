#pragma once

#include <cstdint>

#include <torch/types.h>

#include "analysis/features/feature_moments.h"

namespace farfield {

// A covariance S = X^T X by its factor X, with what else a Fréchet distance needs of a set of features.
struct FrechetFactor {
  torch::Tensor mean;    // [d] float64
  torch::Tensor factor;  // X [m, d] float64, m <= d
  double trace = 0;      // of S
};

// Of features [n, d] floating, n >= 2, S with divisor n - ddof: the centred rows themselves where n <= d, else the triangle of
// their QR decomposition, so that no digit is lost where S has no full rank. usage_error for n < 2, numeric_error for values
// that are not finite.
FrechetFactor frechet_factor(const torch::Tensor& features, int64_t ddof = 1);
// Of moments: X = diag(sqrt(max(l, 0))) U^T from their eigenvalues. Half of the digits are lost in directions without variance.
FrechetFactor frechet_factor(const FeatureMoments& moments);

// FD = |mu_a - mu_b|^2 + tr S_a + tr S_b - 2 tr (S_a S_b)^(1/2), Heusel et al. 2017; the last trace is the sum of the singular
// values of X_a X_b^T, and no square root of a matrix is ever taken.
struct FrechetDistance {
  double value = 0;  // >= 0: below it by rounding is 0
  double mean_term = 0, trace_a = 0, trace_b = 0, trace_sqrt = 0;
  double below_zero = 0;  // how far the sum was below 0
};
// usage_error for sets of different dimensions.
FrechetDistance frechet_distance(const FrechetFactor& a, const FrechetFactor& b);

}  // namespace farfield
