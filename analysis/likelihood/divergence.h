#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/denoiser.h"

namespace farfield {

// How tr dD/dx is found.
//   exact       in closed form (AnalyticDenoiser::with_trace()), else by d products v^T dD/dx, v the unit vectors
//   hutchinson  the mean of v^T dD/dx v over M random v (Hutchinson 1990): Rademacher or standard normal
//   hutch++     Meyer, Musco, Musco, Woodruff 2021: M / 3 Rademacher vectors find the range, whose trace is exact; the rest is
//               Hutchinson's of M / 3 more. Exact where the rank is at most M / 3
enum class TraceKind { kExact, kHutchinson, kHutchPlusPlus };
enum class ProbeLaw { kRademacher, kGaussian };

struct TraceOptions {
  TraceKind kind = TraceKind::kHutchinson;
  int64_t probes = 4;  // M: products with dD/dx an evaluation takes; of hutch++ a multiple of 3
  ProbeLaw law = ProbeLaw::kRademacher;
};

// "exact", "hutchinson[,probes=4][,law=rademacher|gaussian]", "hutch++[,probes=12]"; "auto": exact where the denoiser has a closed
// form or at most kFewNumbers numbers, else hutchinson. usage_error for anything else.
inline constexpr int64_t kFewNumbers = 16;
TraceOptions parse_trace(const std::string& text, const Denoiser& denoiser);
std::string in_words(const TraceOptions& options);  // "4 Rademacher probes (Hutchinson)"

// D and the divergence of the flow in ln sigma, tr d(x - D)/dx = tr(I - dD/dx), of noisy states.
class Divergence {
 public:
  // label [label_dim]: the class asked for, undefined for none; at most `rows_at_once` >= 1 states are evaluated together. The
  // denoiser must outlive it.
  Divergence(const Denoiser& denoiser, torch::Tensor label, TraceOptions options, int64_t rows_at_once);

  int64_t probes() const;   // vectors that a state needs: 0, M, 2 M / 3
  int64_t columns() const;  // estimates that come out: 1, M, M / 3
  // [probes, d] float64 of a key (mix_key): the same for any other samples. Fixed along a trajectory.
  torch::Tensor vectors(uint64_t key) const;

  struct Value {
    torch::Tensor denoised;  // [B, ...shape]
    // [B, columns] float64. Its mean over columns is the estimate. Of Hutchinson's each is v^T (I - dD/dx) v.
    torch::Tensor divergence;
  };
  // x [B, ...shape] float64; sigma [B]; vectors [B, probes, d] float64 (nothing of the exact). usage_error where the
  // denoiser has no gradient.
  Value operator()(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& vectors) const;

 private:
  struct Products {
    torch::Tensor denoised;  // [B, ...shape]
    torch::Tensor products;  // [B, P, d] v^T dD/dx of every v
  };
  Products products(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& vectors) const;
  Value exact(const torch::Tensor& x, const torch::Tensor& sigma) const;
  Value hutch_plus_plus(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& vectors) const;

  const Denoiser& denoiser_;
  torch::Tensor label_;
  TraceOptions options_;
  int64_t rows_at_once_, dim_;
};

}  // namespace farfield
