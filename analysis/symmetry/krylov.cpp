#include "analysis/symmetry/krylov.h"

#include <cmath>

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_lstsq.h>

namespace farfield {
namespace {

constexpr double kExhausted = 1e-13;  // of |A v|: what rounding leaves when nothing new is in it

double norm_of(const torch::Tensor& v) { return v.norm().item<double>(); }

// A V_m = V_{m+1} H, column by column; the rows of V are orthonormal.
class Arnoldi {
 public:
  Arnoldi(const torch::Tensor& start, int64_t most)
      : basis_(torch::empty({most + 1, start.size(0)}, torch::kFloat64)),
        h_(torch::zeros({most + 1, most}, torch::kFloat64)) {
    basis_[0] = start / norm_of(start);
  }

  void extend(const LinearMap& map) {
    torch::Tensor w = map(basis_[steps_]);
    const double size = norm_of(w);
    const torch::Tensor known = basis_.narrow(0, 0, steps_ + 1), column = h_.select(1, steps_).narrow(0, 0, steps_ + 1);
    for (int pass = 0; pass < 2; ++pass) {
      const torch::Tensor along = known.mv(w);
      column.add_(along);
      w = w - known.t().mv(along);
    }
    ++steps_;
    const double rest = norm_of(w);
    exhausted_ = rest <= kExhausted * size || steps_ == w.size(0);
    if (exhausted_) return;
    last_ = rest;
    h_[steps_][steps_ - 1] = rest;
    basis_[steps_] = w / rest;
  }

  bool can_extend() const { return !exhausted_ && steps_ < h_.size(1); }
  bool exhausted() const { return exhausted_; }
  int64_t steps() const { return steps_; }
  double last() const { return exhausted_ ? 0 : last_; }  // the entry of H below the square
  // H with `rows` rows, and a combination of the first vectors.
  torch::Tensor hessenberg(int64_t rows) const { return h_.narrow(0, 0, rows).narrow(1, 0, steps_); }
  torch::Tensor combined(const torch::Tensor& weights) const {
    return basis_.narrow(0, 0, weights.size(0)).t().mv(weights);
  }

 private:
  torch::Tensor basis_, h_;  // [most + 1, d], [most + 1, most]
  int64_t steps_ = 0;
  bool exhausted_ = false;
  double last_ = 0;
};

}  // namespace

KrylovEigen krylov_eigen(const LinearMap& map, const torch::Tensor& start, int64_t most, double tolerance,
                         int restarts) {
  KrylovEigen found{0, 0, start};
  for (int round = 0; round <= restarts; ++round) {
    Arnoldi space(found.vector, most);
    while (space.can_extend()) {
      space.extend(map);
      const torch::Tensor h = space.hessenberg(space.steps());
      const auto [values, vectors] = at::linalg_eigh((h + h.t()) / 2);
      const torch::Tensor weights = vectors.select(1, -1).contiguous();
      found.value = values[-1].item<double>();
      found.vector = space.combined(weights);
      const double inside = norm_of(h.matmul(weights) - found.value * weights);
      found.residual = std::hypot(inside, space.last() * weights[-1].item<double>());
      if (found.residual <= tolerance * (std::fabs(found.value) + 1)) break;
    }
    found.vector = found.vector / norm_of(found.vector);
    if (found.residual <= tolerance * (std::fabs(found.value) + 1) || space.exhausted()) break;
  }
  return found;
}

torch::Tensor solve_gmres(const LinearMap& map, const torch::Tensor& b, int64_t most, double tolerance) {
  const double size = norm_of(b);
  if (size == 0) return torch::zeros_like(b);
  Arnoldi space(b, most);
  torch::Tensor weights;
  while (space.can_extend()) {
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
