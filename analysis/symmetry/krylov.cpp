#include "analysis/symmetry/krylov.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_lstsq.h>

namespace farfield {
namespace {

constexpr double kExhausted = 1e-13;  // of |A v|: what rounding leaves when nothing new is in it

double norm_of(const torch::Tensor& v) { return v.norm().item<double>(); }

// A V_m = V_{m+1} H, column by column.
struct Arnoldi {
  std::vector<torch::Tensor> basis;  // m or m + 1 orthonormal vectors
  std::vector<std::vector<double>>
      columns;  // of H: column j has j + 2 entries, the last 0 where the space is exhausted
  bool exhausted = false;

  explicit Arnoldi(const torch::Tensor& start) : basis({start / norm_of(start)}) {}

  void extend(const LinearMap& map) {
    torch::Tensor w = map(basis.back());
    const double size = norm_of(w);
    std::vector<double> column(basis.size() + 1);
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t i = 0; i < basis.size(); ++i) {
        const double along = basis[i].dot(w).item<double>();
        column[i] += along;
        w = w - basis[i] * along;
      }
    }
    const double rest = norm_of(w);
    exhausted = rest <= kExhausted * size || static_cast<int64_t>(basis.size()) == w.size(0);
    column.back() = exhausted ? 0 : rest;
    columns.push_back(std::move(column));
    if (!exhausted) basis.push_back(w / rest);
  }

  int64_t steps() const { return static_cast<int64_t>(columns.size()); }
  // [rows, steps]
  torch::Tensor hessenberg(int64_t rows) const {
    torch::Tensor h = torch::zeros({rows, steps()}, torch::kFloat64);
    for (int64_t j = 0; j < steps(); ++j) {
      for (int64_t i = 0; i < std::min<int64_t>(rows, j + 2); ++i) h[i][j] = columns[j][i];
    }
    return h;
  }
  torch::Tensor combined(const torch::Tensor& weights) const {
    torch::Tensor sum = torch::zeros_like(basis[0]);
    for (int64_t i = 0; i < weights.size(0); ++i) sum = sum + basis[i] * weights[i].item<double>();
    return sum;
  }
};

}  // namespace

KrylovEigen krylov_eigen(const LinearMap& map, const torch::Tensor& start, int64_t most, double tolerance,
                         int restarts) {
  KrylovEigen found{0, 0, start};
  for (int round = 0; round <= restarts; ++round) {
    Arnoldi space(found.vector);
    while (space.steps() < most && !space.exhausted) space.extend(map);
    const torch::Tensor h = space.hessenberg(space.steps());
    const auto [values, vectors] = at::linalg_eigh((h + h.t()) / 2);
    const torch::Tensor weights = vectors.select(1, -1).contiguous();
    found.value = values[-1].item<double>();
    found.vector = space.combined(weights);
    found.vector = found.vector / norm_of(found.vector);
    const double inside = norm_of(h.matmul(weights) - found.value * weights);
    found.residual = std::hypot(inside, space.columns.back().back() * weights[-1].item<double>());
    if (found.residual <= tolerance * (std::fabs(found.value) + 1) || space.exhausted) break;
  }
  return found;
}

torch::Tensor solve_gmres(const LinearMap& map, const torch::Tensor& b, int64_t most, double tolerance) {
  const double size = norm_of(b);
  if (size == 0) return torch::zeros_like(b);
  Arnoldi space(b);
  torch::Tensor weights;
  while (space.steps() < most && !space.exhausted) {
    space.extend(map);
    const int64_t rows = space.steps() + 1;
    const torch::Tensor h = space.hessenberg(rows), right = torch::zeros({rows}, torch::kFloat64);
    right[0] = size;
    weights = std::get<0>(at::linalg_lstsq(h, right.unsqueeze(1), std::nullopt, "gelsd")).squeeze(1);
    if (norm_of(h.matmul(weights) - right) <= tolerance * size) break;
  }
  return space.combined(weights);
}

}  // namespace farfield
