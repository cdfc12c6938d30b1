#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "models/analytic/analytic.h"

namespace farfield {

inline constexpr double kSmallestVariance = 1e-300;  // sigma^2 may underflow; 0 / 0 must not happen

// usage_error unless x [B, ...shape] are states of the model and sigma > 0 is finite.
void check_density_input(const DenoiserInfo& info, const torch::Tensor& x, double sigma);

// What the analytic denoisers share: flattening to rows [B, d], the dtype they compute in, and info().
class AnalyticBase : public AnalyticDenoiser {
 public:
  const DenoiserInfo& info() const final { return info_; }

 protected:
  // `kind` is that of reference_table(), `name` what reports call it. usage_error unless `shape` has `dim` elements.
  // sigma_data = sqrt(total_variance / dim).
  AnalyticBase(std::string kind, std::string name, std::vector<int64_t> shape, int64_t dim, double total_variance);

  // x [B, ...shape] as rows [B, d] in the dtype that the denoiser computes in, float32 or float64.
  static torch::Tensor rows_of(const torch::Tensor& x);

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const final;
  // rows [B, d] float32 or float64; variance = sigma^2 [B, 1] float64 > 0, on rows' device. Result [B, d], any dtype.
  virtual torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const = 0;
  Pullback pull_back(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels,
                     const torch::Tensor& v) const final;
  Linearised linearise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const final {
    return by_pull_back(x, sigma, labels);
  }
  // The same, and (dD/dx) v = Cov[x0 | x] v / sigma^2; v like rows. Results [B, d], any dtype.
  virtual Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                                  const torch::Tensor& v) const = 0;
  Traced trace_states(const torch::Tensor& x, const torch::Tensor& sigma) const final;
  // D as denoise_rows(), any dtype, and tr dD/dx [B] float64.
  virtual Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const = 0;

  DenoiserInfo info_;
};

}  // namespace farfield
