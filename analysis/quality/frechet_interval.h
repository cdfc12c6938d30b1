#pragma once

#include <cstdint>

#include <torch/types.h>

#include "analysis/quality/frechet.h"
#include "analysis/stats/bootstrap.h"
#include "core/progress.h"

namespace farfield {

// A set whose moments a Fréchet distance compares: with its features it can be drawn from again.
struct FrechetSet {
  torch::Tensor features;  // [n, d]; undefined: moments alone are known
  FrechetFactor factor;
};

// A 95 % interval of frechet_distance(a, b) = `value`: both sets drawn again with replacement, as many as they were, `replicates`
// times, keyed by `seed`; one without features stays as it is. A set that is drawn again has the bias of its size once more, so
// the replicates are moved to have `value` as their mean; the interval is theirs from the 2.5 % to the 97.5 % quantile, >= 0.
// Advances `progress` by one a replicate; Error(kInterrupted) on a signal.
Interval95 frechet_interval(const FrechetSet& a, const FrechetSet& b, double value, int64_t replicates, uint64_t seed,
                            Progress& progress);

}  // namespace farfield
