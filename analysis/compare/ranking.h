#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/compare/comparison.h"
#include "core/io/rows.h"

namespace farfield {

// One reference in a ranking: the explained variance of the model's score, and by how much it is ahead of the next (paired:
// both on the same probes); 95 % bootstrap intervals over probes. NaN leads: there is no next.
struct RankedReference {
  int64_t reference;
  double explained, low, high;
  double lead, lead_low, lead_high;
};

// Which reference accounts for most of the model's score. All are held to the same probes: the first `probes` of the levels at
// which every one was evaluated.
struct Ranking {
  ProbeKind probe = ProbeKind::kData;
  int64_t probes = 0;
  std::vector<int64_t> levels;           // indices
  std::vector<RankedReference> overall;  // best first: the mean over the levels, where one below 0 counts as 0
  std::vector<std::vector<RankedReference>> at_level;  // of each level, best first
};

// Noised data where there are data. Nothing with fewer than two references, or no level that all have. Equal ones keep their
// order.
std::optional<Ranking> rank_references(const Comparison& comparison, int64_t replicates, uint64_t seed);

// ranking.csv: sigma (empty: over all levels), rank (from 1), reference, explained, explained_low, explained_high, lead,
// lead_low, lead_high.
Table ranking_table(const Comparison& comparison, const Ranking& ranking);

}  // namespace farfield
