#include "analysis/stats/bootstrap.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/ops/quantile.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

constexpr int64_t kBlockBytes = int64_t{1} << 25;  // of the counts; the draws take as much again
constexpr uint64_t kPurpose = 0x626f6f74;          // keeps this stream apart from others of the same seed

}  // namespace

torch::Tensor resampled_totals(const torch::Tensor& per_sample, int64_t replicates, uint64_t seed) {
  check(per_sample.dim() == 2 && per_sample.scalar_type() == torch::kFloat64,
        "bootstrap: per_sample is [n, C] float64");
  const int64_t n = per_sample.size(0);
  check(n > 0 && replicates > 0, "bootstrap: no samples");
  at::Generator generator = keyed_generator({seed, kPurpose});
  const int64_t block = std::clamp<int64_t>(kBlockBytes / (8 * n), 1, replicates);
  std::vector<torch::Tensor> totals;
  for (int64_t done = 0; done < replicates; done += block) {
    const int64_t rows = std::min(block, replicates - done);
    const torch::Tensor draws = torch::empty({rows, n}, torch::kInt64).random_(0, n, generator);
    const torch::Tensor counts = torch::zeros({rows, n}, torch::kFloat64)
                                     .scatter_add_(1, draws, torch::ones({1, 1}, torch::kFloat64).expand({rows, n}));
    totals.push_back(counts.matmul(per_sample));
  }
  return torch::cat(totals);
}

Interval95 percentile_interval(const torch::Tensor& replicates) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (!replicates.isfinite().all().item<bool>()) return {nan, nan};
  const torch::Tensor ends = at::quantile(replicates, torch::tensor({0.025, 0.975}, torch::kFloat64));
  return {ends[0].item<double>(), ends[1].item<double>()};
}

}  // namespace farfield
