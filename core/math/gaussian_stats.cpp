#include "core/math/gaussian_stats.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/stats_checks.h"

namespace farfield {

double GaussianStats::total_variance() const {
  return eigenvalues.sum().item<double>() + tail * static_cast<double>(dim() - rank());
}

GaussianStats GaussianStats::truncated(int64_t rank) const {
  if (rank < 1 || rank > this->rank()) {
    throw usage_error(fmt::format("rank is {}, but the Gaussian has {} eigenpairs: choose 1 to {}", rank, this->rank(),
                                  this->rank()));
  }
  GaussianStats result = *this;
  result.basis = basis.narrow(1, 0, rank).contiguous();
  result.eigenvalues = eigenvalues.narrow(0, 0, rank).contiguous();
  result.tail = 0;
  return result;
}

void GaussianStats::validate() const {
  check_stats_tensor(mean, "mean", {-1});
  check_stats_tensor(eigenvalues, "eigenvalues", {-1});
  check_stats_tensor(basis, "basis", {mean.size(0), eigenvalues.size(0)});
  check_not_negative(eigenvalues, "eigenvalues");
  if (!(tail >= 0 && std::isfinite(tail))) {
    throw usage_error(fmt::format("tail is {}, expected a finite variance >= 0", tail));
  }
}

}  // namespace farfield
