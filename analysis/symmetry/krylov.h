#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

namespace farfield {

// Linear algebra with a map v -> A v alone; vectors [d] float64 on the CPU. Both build a Krylov basis of at most `most` vectors
// (fewer where the space is exhausted) by Arnoldi's method, orthogonalised twice.
using LinearMap = std::function<torch::Tensor(const torch::Tensor& v)>;

// The largest eigenvalue of the symmetric part of A as seen in the basis, and its unit vector; `start` is not 0. Begins again from
// its result until |A v - value v| <= tolerance (|value| + 1), at most `restarts` times.
struct KrylovEigen {
  double value = 0, residual = 0;
  torch::Tensor vector;
};
KrylovEigen krylov_eigen(const LinearMap& map, const torch::Tensor& start, int64_t most, double tolerance,
                         int restarts = 4);

// x with |A x - b| <= tolerance |b|, or the nearest that the basis holds (GMRES, Saad and Schultz 1986).
torch::Tensor solve_gmres(const LinearMap& map, const torch::Tensor& b, int64_t most, double tolerance);

}  // namespace farfield
