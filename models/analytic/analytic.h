#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/types.h>

#include "core/math/gaussian_stats.h"
#include "core/math/mixture_stats.h"
#include "models/denoiser.h"

namespace farfield {

// A denoiser whose data distribution p is known in closed form, so that D and the score are exact. All of them take no
// labels, are defined for every sigma > 0, compute on x's device and return x's dtype. Sample i is the same in every
// batch and for every thread count (to 1e-12 relative in float64).
class AnalyticDenoiser : public Denoiser {
 public:
  // log p(x; sigma), the density of x0 + sigma n with x0 ~ p, in nats. x [B, ...shape] -> [B] float64. Its gradient is
  // the score (D - x) / sigma^2.
  torch::Tensor log_density(const torch::Tensor& x, double sigma) const;

  // (dD/dx) v = Cov[x0 | x] v / sigma^2: of a posterior mean the Jacobian is symmetric, so that this is the product of
  // vector_jacobian(), too. As that one.
  Pullback jacobian_vector(const torch::Tensor& x, double sigma, const torch::Tensor& v) const {
    return vector_jacobian(x, sigma, v);
  }

  // D(x; sigma) and tr dD/dx = tr Cov[x0 | x] / sigma^2 in closed form, for about the price of one evaluation. x
  // [B, ...shape] floating, sigma [B] > 0 finite; no gradients. A bug (check) on other shapes.
  struct Traced {
    torch::Tensor denoised;  // like x
    torch::Tensor trace;     // [B] float64, from 0 (of a posterior mean) to d
  };
  Traced with_trace(const torch::Tensor& x, const torch::Tensor& sigma) const;

 private:
  virtual Traced trace_states(const torch::Tensor& x, const torch::Tensor& sigma) const = 0;
  // x as float64 [B, d].
  virtual torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const = 0;
};

// In all factories `shape` is one sample's ([C,H,W] or [d]) with as many elements as the statistics have dimensions
// (usage_error otherwise).

// N(mean, variance I): D = mean + variance / (variance + sigma^2) (x - mean). mean [d]; variance >= 0.
std::unique_ptr<AnalyticDenoiser> make_isotropic(torch::Tensor mean, double variance, std::vector<int64_t> shape);
// The isotropic Gaussian with the same mean and total variance: N(mean, tr(S)/d I).
std::unique_ptr<AnalyticDenoiser> make_isotropic(const GaussianStats& stats, std::vector<int64_t> shape);

// N(mean, S), S = U diag(L) U^T + tail (I - U U^T), z = U^T (x - mean):
// D = mean + U (L / (L + sigma^2) z) + tail / (tail + sigma^2) (x - mean - U z)  (Unreasonable Effectiveness, sec. 3).
std::unique_ptr<AnalyticDenoiser> make_gaussian(GaussianStats stats, std::vector<int64_t> shape);

// sum_k w_k N(mean_k, S_k): D = sum_k g_k D_k with D_k as above and responsibilities g = softmax_k(log w_k +
// log N(x; mean_k, S_k + sigma^2 I)); always computed in float64 (log-densities of float32 rounding would decide
// wrongly at small sigma), responsibilities below 1e-30 are exactly zero.
std::unique_ptr<AnalyticDenoiser> make_mixture(MixtureStats stats, std::vector<int64_t> shape);

// The exact (optimal) denoiser of a data set, p = the mean of N deltas: D = sum_i w_i y_i, w = softmax_i(-|x - y_i|^2 /
// (2 sigma^2)). points [N, ...shape] float32 or float64, kept as given and not copied. No gradients. How it stays exact
// and fast is said in delta.cpp.
std::unique_ptr<AnalyticDenoiser> make_delta(torch::Tensor points, std::vector<int64_t> shape);

}  // namespace farfield
