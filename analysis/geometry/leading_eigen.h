#pragma once

#include <cstdint>
#include <vector>

namespace farfield {

// Some of the largest eigenvalues of a symmetric matrix, falling, and their orthonormal vectors, one a row of n
// numbers.
struct LeadingEigen {
  std::vector<double> values;
  std::vector<double> vectors;  // [values.size()][n]
};

// The `wanted` <= 8 largest eigenvalues of a positive semidefinite matrix [n][n], row by row, without those that
// rounding cannot tell from 0 (below n epsilon of the largest). For many small problems: Householder's tridiagonal
// form, bisection, inverse iteration; a third of the time of all eigenvectors. The same bits on every CPU. No
// dependence on threads.
LeadingEigen leading_eigen(const std::vector<double>& matrix, int64_t n, int64_t wanted);

}  // namespace farfield
