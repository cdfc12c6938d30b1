#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Mean and covariance of a data set in eigenform, float64 on the CPU: covariance = basis diag(eigenvalues) basis^T +
// tail (I - basis basis^T). Full rank: r = d and tail unused. Low rank as in the papers: r < d and tail = 0.
struct GaussianStats {
  torch::Tensor mean;         // [d]
  torch::Tensor basis;        // [d, r], orthonormal columns
  torch::Tensor eigenvalues;  // [r], >= 0, descending
  double tail = 0;            // variance outside the basis
  int64_t count = 0;          // data points it was measured on; 0 if not measured
  int64_t dim() const { return mean.size(0); }
  int64_t rank() const { return eigenvalues.size(0); }
  double total_variance() const;  // tr(S) = sum of eigenvalues + tail (d - r)

  // The first `rank` eigenpairs (1 <= rank <= this->rank(); usage_error otherwise), tail 0: the papers' low-rank form.
  GaussianStats truncated(int64_t rank) const;
  // usage_error naming the field for a wrong shape or dtype, a value that is not finite, or a negative variance.
  void validate() const;
};

}  // namespace farfield
