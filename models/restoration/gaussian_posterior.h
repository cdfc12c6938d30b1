#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "core/math/gaussian_stats.h"
#include "core/math/mixture_stats.h"
#include "models/operators/operator.h"

namespace farfield {

// Samples of more numbers than this have no dense posterior: its matrices would be d x d.
inline constexpr int64_t kLargestPosterior = 4096;

// What is known of x ~ sum_k w_k N(m_k, S_k), one component or more, once y = A x + sigma_y n is. With
// K_k = S_k A^T (A S_k A^T + sigma_y^2 I)^-1, rows of A that are 0 left out and a pseudo-inverse where sigma_y is 0:
//   component k: N(m_k + K_k (y - A m_k), S_k - K_k A S_k), weighed by w_k N(y; A m_k, A S_k A^T + sigma_y^2 I).
// All in float64 on the CPU.
class ExactPosterior {
 public:
  // usage_error for other sizes, more than kLargestPosterior numbers, or, of several components, sigma_y = 0 (the weights
  // would divide by it).
  ExactPosterior(const MixtureStats& prior, const LinearOperator& op, double sigma_y);

  torch::Tensor weights(const torch::Tensor& y) const;    // [N, K]: y [N, ...measurement_shape]
  torch::Tensor means(const torch::Tensor& y) const;      // [N, d], of the whole mixture
  torch::Tensor variances(const torch::Tensor& y) const;  // [N, d], of every number of x
  // Of one component, whose covariance no measurement changes: of each y its Gaussian's mean [N, d]; [d, d].
  torch::Tensor component_means(int64_t k, const torch::Tensor& y) const;
  const torch::Tensor& covariance(int64_t k) const { return covariances_[static_cast<size_t>(k)]; }

 private:
  torch::Tensor measured_rows(const torch::Tensor& y) const;  // [N, m]: where rows of A are not 0

  std::vector<torch::Tensor> means_, gains_, covariances_;  // [d], [d, m], [d, d]
  std::vector<torch::Tensor> whitening_;                    // [m, m]: of y - A m, standard normals
  torch::Tensor matrix_;                                    // A without its rows of 0, [m, d]
  torch::Tensor kept_;                                      // which rows of A these are
  torch::Tensor log_weights_;                               // [K]: log w_k - log det / 2
};

}  // namespace farfield
