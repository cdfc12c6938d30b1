#pragma once

#include <torch/types.h>

namespace farfield {

struct SymmetricEigen {
  torch::Tensor values;   // [d], descending, >= 0
  torch::Tensor vectors;  // [d, d], orthonormal columns; the largest entry of each is positive
};

// Eigenpairs of a covariance matrix [d, d] float64 (LAPACK's symmetric solver; the lower triangle is read). Values that
// rounding made negative are set to 0; numeric_error when one is below -1e-8 of the largest (no covariance) or an entry
// is not finite. Large ones show how long they take, and end with Error(kInterrupted) on a signal (core/long_call.h).
SymmetricEigen covariance_eigen(const torch::Tensor& matrix);

// The same for the covariance (1/n) of few points in many dimensions, from their n x n Gram matrix: rows [n, d] float64
// with mean zero, n <= d. Only eigenpairs above 1e-13 of the largest are returned: values [m], vectors [d, m], m <= n,
// possibly none.
SymmetricEigen rows_eigen(const torch::Tensor& centred_rows);

}  // namespace farfield
