#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/dynamics/dynamics_run.h"
#include "core/io/rows.h"

namespace farfield {

// When a network was nearest to a reference at a level, and how far it has gone since.
struct NearestTime {
  int64_t reference, level;              // places
  size_t least, last;                    // snapshots
  double least_residual, last_residual;  // 1 - explained variance of the score
  double rise, rise_low,
      rise_high;      // last over least, with a paired 95 % bootstrap interval over probes; NaN for 0 / 0
  bool falls_always;  // no snapshot leaves more than the one before
};

struct DynamicsSummary {
  std::vector<std::vector<ComparisonRow>> rows;  // of every snapshot, in the order reference, sigma
  std::vector<NearestTime> nearest;              // in the order reference, sigma

  const ComparisonRow& at(const DynamicsRun& run, size_t snapshot, size_t reference, size_t level) const;
  const NearestTime& nearest_at(const DynamicsRun& run, size_t reference, size_t level) const;
};
DynamicsSummary summarise_dynamics(const DynamicsRun& run);

// Whether a network has left a reference: the interval of the rise lies above 1.
inline bool has_left(const NearestTime& time) { return time.rise_low > 1; }

// The tables of `farfield dynamics` (docs/formats.md).
Table dynamics_table(const DynamicsRun& run, const DynamicsSummary& summary);  // dynamics.csv
Table nearest_table(const DynamicsRun& run, const DynamicsSummary& summary);   // nearest.csv

// "64,000 images", or "snapshot 3" where images are not known.
std::string time_words(const DynamicsRun& run, size_t snapshot);

// The finding in one sentence, with its numbers.
std::string dynamics_headline(const DynamicsRun& run, const DynamicsSummary& summary);

}  // namespace farfield
