#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Denoisers of mixtures: make_mixture(); found by a dynamic_cast.
class ComponentPosterior {
 public:
  virtual ~ComponentPosterior() = default;
  // Which component a noisy state comes from: g_k = softmax_k(log w_k + log N(x; mean_k, S_k + sigma^2 I)), [B, K] float64, those
  // below 1e-30 zero. x [B, ...shape] floating, sigma > 0 finite, usage_error otherwise.
  virtual torch::Tensor responsibilities(const torch::Tensor& x, double sigma) const = 0;
};

}  // namespace farfield
