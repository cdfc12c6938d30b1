#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace farfield {

// The noise of stochastic solvers: for every seed and every element of its sample a standard Brownian motion W with the
// noise level as its time, W(0) = 0, Var[W(b) - W(a)] = |b - a|. W(sigma) is a function of seed, element and sigma
// alone: not of earlier queries, the steps of a run, the batch or the threads. So runs of one seed with 20 and with 40
// steps see the same path (the property of k-diffusion's BrownianTreeNoiseSampler).
//
// Law (Levy's construction over a fixed grid). W(2^32) = 2^16 z. The cell [a, b] = [i, i + 1] 2^(32 - l) is halved by
//   W(m) = (W(a) + W(b)) / 2 + sqrt((b - a) / 4) z(seed, l, i),
// until b - a <= 2^-40 a for the cell with sigma in it. There
//   W(sigma) = ((b - sigma) W(a) + (sigma - a) W(b)) / (b - a)
//              + sqrt((sigma - a) (b - sigma) / (b - a)) z(seed, sigma).
// The z are standard normals (fill_normal) keyed by what is in brackets, seeds mod 2^32 as everywhere. All joint laws
// are exactly Brownian but for two levels inside one last cell (relative distance below 1e-12): given its ends they
// are independent.
//
// A query takes about 41 normals an element; the first of a run, or one at a higher octave, up to 32 more.
class BrownianPath {
 public:
  BrownianPath(std::span<const int64_t> seeds, std::vector<int64_t> shape);  // shape of one sample

  // W(sigma), [B, ...shape] float64 on the CPU. sigma = 0 or in [2^-200, 2^32]; usage_error otherwise.
  torch::Tensor at(double sigma);
  // (W(to) - W(from)) / sqrt(|to - from|), a standard normal; from != to.
  torch::Tensor increment(double from, double to);

 private:
  struct Halving;
  // Walks every row from the cell [0, 2^exponent_] through `way`.
  torch::Tensor walk(const std::vector<Halving>& way, double sigma, double low, double high) const;
  void lower_octave_to(int exponent);

  std::vector<uint64_t> seeds_;
  std::vector<int64_t> shape_;
  int exponent_;
  torch::Tensor octave_;                                  // W(2^exponent_), [B, elements]: where walks begin
  std::vector<std::pair<double, torch::Tensor>> recent_;  // the last two queries
};

}  // namespace farfield
