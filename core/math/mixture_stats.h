#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/math/gaussian_stats.h"

namespace farfield {

// K Gaussians and their weights, stacked so that one matrix product serves all of them; float64 on the CPU.
// Covariance of component k = bases[k]^T diag(eigenvalues[k]) bases[k] + tails[k] (I - bases[k]^T bases[k]).
// Components of a lower rank than r have zero rows in `bases` and eigenvalue tails[k] there.
struct MixtureStats {
  torch::Tensor weights;      // [K], >= 0, sum 1
  torch::Tensor means;        // [K, d]
  torch::Tensor bases;        // [K, r, d], eigenvectors as rows: orthonormal, or zero (see above)
  torch::Tensor eigenvalues;  // [K, r], >= 0
  torch::Tensor tails;        // [K], >= 0: variance outside the basis; 0 = the papers' low rank
  torch::Tensor counts;       // [K] int64: data points of each; 0 if not measured
  int64_t components() const { return means.size(0); }
  int64_t dim() const { return means.size(1); }
  int64_t rank() const { return bases.size(1); }

  // usage_error naming the field for a wrong shape or dtype, a value that is not finite, a negative variance or weight,
  // or weights that do not sum to 1 within 1e-9.
  void validate() const;
};

// One Gaussian as a mixture of one.
MixtureStats to_mixture(const GaussianStats& gaussian);

}  // namespace farfield
