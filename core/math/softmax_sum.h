#pragma once

#include <torch/types.h>

namespace farfield {

// Weights relative to the largest below this are exactly zero: they cannot be seen in a float64 sum of 1e12 terms, and
// a matrix product with denormal numbers runs many times slower.
constexpr double kNegligibleWeight = 1e-30;
// -ln(kNegligibleWeight), rounded up.
constexpr double kNegligibleLogit = 69.1;

// sum_i softmax_i(logits) value_i over blocks of i, for B rows at once, as if all logits were there together: running
// maximum, running sum of exponentials, running weighted sums (rescaled when the maximum rises). Sums are float64.
// With dim 0 nothing but the sums of weights is formed, for half of the products.
class SoftmaxSum {
 public:
  SoftmaxSum(int64_t rows, int64_t dim, torch::Device device);
  // logits [B, n] float64 (finite), overwritten; values [n, dim], whose dtype is the dtype of the product.
  void add(torch::Tensor logits, const torch::Tensor& values);
  torch::Tensor mean() const;     // [B, dim] float64: the weighted mean
  torch::Tensor log_sum() const;  // [B] float64: log sum_i exp(logit_i)
  torch::Tensor entropy() const;  // [B] float64: -sum_i u_i ln u_i of the weights u = softmax(logits)

 private:
  torch::Tensor max_, sum_, weighted_;  // [B, 1], [B, 1], [B, dim]
  torch::Tensor logits_;                // [B, 1]: the weighted sum of logits, relative to max_
};

}  // namespace farfield
