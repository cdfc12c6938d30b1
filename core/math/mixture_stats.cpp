#include "core/math/mixture_stats.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/stats_checks.h"

namespace farfield {

void MixtureStats::validate() const {
  check_stats_tensor(means, "means", {-1, -1});
  const int64_t k = components();
  check_stats_tensor(weights, "weights", {k});
  check_stats_tensor(bases, "bases", {k, -1, dim()});
  check_stats_tensor(eigenvalues, "eigenvalues", {k, rank()});
  check_stats_tensor(tails, "tails", {k});
  check_not_negative(weights, "weights");
  check_not_negative(eigenvalues, "eigenvalues");
  check_not_negative(tails, "tails");
  const double sum = weights.sum().item<double>();
  if (std::abs(sum - 1) > 1e-9) throw usage_error(fmt::format("weights sum to {}, expected 1", sum));
  if (rank() > dim()) throw usage_error(fmt::format("bases have rank {} in {} dimensions", rank(), dim()));
  if (!counts.defined() || counts.scalar_type() != torch::kInt64 || counts.dim() != 1 || counts.size(0) != k) {
    throw usage_error(fmt::format("counts: expected {} int64 values", k));
  }
}

MixtureStats to_mixture(const GaussianStats& gaussian) {
  MixtureStats mixture;
  mixture.weights = torch::ones({1}, torch::kFloat64);
  mixture.means = gaussian.mean.unsqueeze(0);
  mixture.bases = gaussian.basis.t().contiguous().unsqueeze(0);
  mixture.eigenvalues = gaussian.eigenvalues.unsqueeze(0);
  mixture.tails = torch::full({1}, gaussian.tail, torch::kFloat64);
  mixture.counts = torch::full({1}, gaussian.count, torch::kInt64);
  return mixture;
}

}  // namespace farfield
