#pragma once

#include <torch/types.h>

namespace farfield {

// What the weights u_i = softmax_i(-|x - y_i|^2 / (2 sigma^2)) of a data set's points y_i say of noisy states x.
struct Posterior {
  torch::Tensor mean;         // [B, ...shape] like x: sum_i u_i y_i = D(x; sigma), the bits that the denoiser returns
  torch::Tensor log_density;  // [B] float64: log p(x; sigma), as AnalyticDenoiser::log_density()
  torch::Tensor entropy;      // [B] float64, nats: -sum_i u_i ln u_i, from 0 (one point) to ln N (all alike); its
                              // exponential is the effective number of data
};

// Denoisers whose D is a weighted mean of data points: the exact denoiser (make_delta()), found by a dynamic_cast.
class DataPosterior {
 public:
  virtual ~DataPosterior() = default;
  // All of it from one pass over the data, at the price of the denoiser's own evaluation. x [B, ...shape] floating,
  // sigma > 0 finite; usage_error otherwise.
  virtual Posterior posterior(const torch::Tensor& x, double sigma) const = 0;
};

}  // namespace farfield
