#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/sweep/sweep_run.h"
#include "core/io/rows.h"

namespace farfield {

// A number with its 95 % bootstrap interval over probes.
struct SweptNumber {
  double value = 0, low = 0, high = 0;
};

// What a mixture leaves at a level: rho = sum |s_M - s_K,r|^2 / sum |s_M|^2, and the mean over probes of each one's ratio. NaN
// where the model's score is zero and the mixture's is not.
struct SweepRow {
  int64_t mixture, rank, level;  // places; rank options.ranks.size(): the full one
  SweptNumber residual;
  double per_sample = 0;
};

// "The Unreasonable Effectiveness of Gaussian Score Approximation", figure 10.
struct SweepGain {
  int64_t mixture, level;
  SweptNumber gain;  // rho(1, full) - rho(K, full): of the score's variance that K components explain beyond one
};
struct MinimalRank {
  int64_t mixture, level, rank;  // the least rank asked for (or the full one) with rho(r) <= 1.1 rho(full)
};
// Two mixtures that leave the same, to 5 %: more components of a lower rank.
struct EqualPair {
  int64_t level;
  int64_t fewer, fewer_rank, more, more_rank;  // components and ranks themselves
  double fewer_residual, more_residual;
};

struct SweepSummary {
  std::vector<SweepRow> rows;    // in the order components, rank, sigma
  std::vector<SweepRow> exact;   // K = N at every level; mixture and rank mean nothing
  std::vector<SweepGain> gains;  // empty without K = 1
  std::vector<MinimalRank> minimal;
  std::vector<EqualPair> equal;

  const SweepRow& at(const SweepRun& run, size_t mixture, size_t rank, size_t level) const;
};
SweepSummary summarise_sweep(const SweepRun& run);

// The ranks asked for and the full one of a mixture.
int64_t swept_rank(const SweepRun& run, size_t mixture, size_t place);
std::string swept_rank_word(const SweepRun& run, size_t place);  // "64", "full"

// The tables of `farfield sweep` (docs/formats.md).
Table sweep_table(const SweepRun& run, const SweepSummary& summary);         // sweep.csv
Table gain_table(const SweepRun& run, const SweepSummary& summary);          // gain.csv
Table minimal_rank_table(const SweepRun& run, const SweepSummary& summary);  // minimal_rank.csv
Table equal_pairs_table(const SweepRun& run, const SweepSummary& summary);   // equal.csv

// The finding in one sentence, with its numbers.
std::string sweep_headline(const SweepRun& run, const SweepSummary& summary);

}  // namespace farfield
