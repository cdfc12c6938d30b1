#pragma once

#include <torch/types.h>

namespace farfield {

// What the weights u_i = softmax_i(-|x - y_i|^2 / (2 sigma^2)) of a data set's points y_i say of noisy states x.
struct Posterior {
  torch::Tensor mean;         // [B, ...shape] like x: sum_i u_i y_i = D(x; sigma), the bits that the denoiser returns
  torch::Tensor log_density;  // [B] float64, nats: log p(x; sigma), p the mean of N Gaussians of variance sigma^2
  torch::Tensor entropy;      // [B] float64, nats: -sum_i u_i ln u_i, from 0 (one point) to ln N (all alike); its
                              // exponential is the effective number of data
};

// Denoisers whose D is a weighted mean of data points: make_delta(), make_class_delta(); found by a dynamic_cast.
// x [B, ...shape] floating, sigma > 0 finite, usage_error otherwise; labels as the denoiser takes them.
class DataPosterior {
 public:
  virtual ~DataPosterior() = default;
  // All of it from one pass over the data, at the price of the denoiser's own evaluation.
  virtual Posterior posterior(const torch::Tensor& x, double sigma, const torch::Tensor& labels = {}) const = 0;
  // The density alone, at half of that.
  virtual torch::Tensor density(const torch::Tensor& x, double sigma, const torch::Tensor& labels = {}) const = 0;
};

}  // namespace farfield
