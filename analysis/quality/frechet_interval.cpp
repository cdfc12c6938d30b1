#include "analysis/quality/frechet_interval.h"

#include <algorithm>

#include "core/interrupts.h"
#include "core/math/random.h"

namespace farfield {
namespace {

FrechetFactor drawn_again(const FrechetSet& set, uint64_t seed, uint64_t replicate, uint64_t side) {
  if (!set.features.defined()) return set.factor;
  const int64_t count = set.features.size(0);
  const at::Generator generator = keyed_generator({seed, 0x6664626f6f74, replicate, side});
  return frechet_factor(set.features.index_select(0, torch::randint(0, count, {count}, generator, torch::kInt64)));
}

}  // namespace

Interval95 frechet_interval(const FrechetSet& a, const FrechetSet& b, double value, int64_t replicates, uint64_t seed,
                            Progress& progress) {
  torch::Tensor values = torch::empty({replicates}, torch::kFloat64);
  for (int64_t r = 0; r < replicates; ++r) {
    stop_if_interrupted();
    const auto replicate = static_cast<uint64_t>(r);
    values[r] = frechet_distance(drawn_again(a, seed, replicate, 0), drawn_again(b, seed, replicate, 1)).value;
    progress.advance();
  }
  const Interval95 interval = percentile_interval(values - values.mean() + value);
  return {std::max(interval.low, 0.0), std::max(interval.high, 0.0)};
}

}  // namespace farfield
