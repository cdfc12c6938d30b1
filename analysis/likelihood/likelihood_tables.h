#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/likelihood/likelihood_run.h"
#include "analysis/paths/curve.h"
#include "core/io/rows.h"

namespace farfield {

// One way to a log-likelihood: a prior on top of the integral, or a density in closed form.
struct LikelihoodMeasureOf {
  std::string name;              // "gaussian prior", "moments prior", "model prior", "closed form", "reference delta"
  std::string kind;              // for its colour: of the model or the reference
  torch::Tensor log_likelihood;  // [n] nats, draws averaged
  torch::Tensor error;           // [n] standard error over probes; 0 where the trace is exact, NaN where it is unknown
};

// One of the two data sets: samples first ... first + count - 1 of the run.
struct LikelihoodSet {
  std::string name;  // "data", "against"
  std::string data;  // SRC
  int64_t first = 0, count = 0;
};

// Bits per dimension of one measure and set.
struct LikelihoodRow {
  size_t set, measure;
  Average bits;            // over samples, with its 95 % bootstrap interval
  double nats = 0;         // mean of -ll
  double probe_error = 0;  // standard error of the mean over probes alone, bits per dimension
};

struct LikelihoodSummary {
  std::vector<LikelihoodMeasureOf> measures;
  std::vector<LikelihoodSet> sets;
  std::vector<LikelihoodRow> rows;  // by set, then measure

  const LikelihoodRow& at(size_t set, size_t measure) const { return rows[set * measures.size() + measure]; }
};
LikelihoodSummary summarise_likelihood(const LikelihoodRun& run);

// Bits per dimension of a measure, [count], of a set.
torch::Tensor bits_of(const LikelihoodRun& run, const LikelihoodSummary& summary, size_t set, size_t measure);
// tr(I - dD/dx) / d over the noise levels: the share of dimensions that noise has taken.
Curve growth_of(const LikelihoodRun& run, const LikelihoodSet& set);
std::vector<double> growth_levels(const LikelihoodRun& run);  // the middle of every interval, in ln sigma

// The tables of `farfield likelihood` (docs/formats.md).
Table likelihood_table(const LikelihoodRun& run, const LikelihoodSummary& summary);  // likelihood.csv
Table summary_table(const LikelihoodSummary& summary);                               // summary.csv
Table growth_table(const LikelihoodRun& run, const LikelihoodSummary& summary);      // trace.csv

// The finding in one sentence, with its numbers.
std::string likelihood_headline(const LikelihoodRun& run, const LikelihoodSummary& summary);

}  // namespace farfield
