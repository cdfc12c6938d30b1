#pragma once

#include <string>

#include <torch/types.h>

namespace farfield::test {

// Filtered posterior means by their definition, one member of the family after another, every candidate written out,
// sums in long double: what the kernels are checked against. Nothing here is fast.

// A member: w(i) = softmax_i -(1 / (2 sigma^2)) sum_v weights_v (query_v - candidates_iv)^2; the output's value
// places[a] gets response[a] of sum_i w(i) answers_ia.
struct FilteredMember {
  torch::Tensor weights;     // [m]
  torch::Tensor query;       // [m]
  torch::Tensor candidates;  // [n, m]
  torch::Tensor answers;     // [n, a]
  torch::Tensor places;      // [a] int64
  torch::Tensor response;    // [a]
};

// D of members that are added one by one. Values that no member answers for are 0.
class FilteredSum {
 public:
  FilteredSum(int64_t values, double sigma);
  void add(const FilteredMember& member);
  torch::Tensor mean() const;  // [values]

 private:
  double sigma_;
  torch::Tensor sum_, response_;
};

// All of one image x [C,H,W] and images [N,C,H,W], float64; D [C,H,W].
torch::Tensor exact_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma);
torch::Tensor local_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, int64_t k, bool circular);
// mode: border, circular-interior, circular-all, zero-all.
torch::Tensor window_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, int64_t k,
                          const std::string& mode);
torch::Tensor composite_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, int64_t p);
// The same two with Gaussian windows, exp(-6 distance^2 / (k^2 - 1)).
torch::Tensor soft_local_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, int64_t k,
                              bool circular);
torch::Tensor soft_composite_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, int64_t p);
// masks [H,W,H,W] bool; `own`: pixels that no mask has get their value under their own mask with the pixel added, else
// 0.
torch::Tensor masked_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma, const torch::Tensor& masks,
                          bool own);
// weights [d, d]: row b are the query weights of value b, which answers for itself.
torch::Tensor value_mean(const torch::Tensor& images, const torch::Tensor& x, double sigma,
                         const torch::Tensor& weights);

// [H,W,H,W] bool: the masks of pspc-flex; and [d, d]: the rows of PCA locality.
torch::Tensor masks_of(const torch::Tensor& heat, double fraction);
torch::Tensor locality_weights(const torch::Tensor& covariance, double sigma, double threshold, bool output);

}  // namespace farfield::test
