#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/probes.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "core/shards.h"
#include "models/denoiser.h"

namespace farfield {

// How much is measured of a reference whose evaluations are costly: the first `probes` of each kind at some levels, and the
// trajectories of the first `seeds`. Before plan_shares() (costs.h): probes 0, a part of everything; 1, everything.
struct Share {
  std::vector<int64_t> levels;  // indices, rising
  int64_t probes = 0, seeds = 0;
};

// A denoiser in a comparison: what the tables call it, how the charts show it (analysis/page/series.h), and the class it is
// asked for.
struct Subject {
  std::string name;  // "gaussian", "mixture,components=10", a path
  std::string kind;  // DenoiserInfo::kind
  std::shared_ptr<const Denoiser> denoiser;
  torch::Tensor label;              // [label_dim] one-hot; undefined: unconditional (all zero)
  bool own_classes = false;         // instead of `label`: each sample is asked for a class of its own
  std::optional<Share> share = {};  // of a reference; nothing: it is measured everywhere
  std::string note = {};            // what a reader must know of it: "2,000 of 60,000 samples"

  // `classes` [B] int64: of the samples, where own_classes.
  torch::Tensor operator()(const torch::Tensor& x, double sigma, const torch::Tensor& classes = {}) const;
};

struct CompareOptions {
  std::vector<double> sigmas;          // noise levels, > 0, strictly rising
  int64_t probes = 1024;               // n, >= 2: points at each level and of each kind (papers' code: 1024 and 512)
  int64_t batch = 64;                  // points evaluated at a time, >= 1; bounds the memory, does not change results
  uint64_t seed = 0;                   // of the probes and of the bootstrap
  int64_t replicates = 1000;           // of the bootstrap, >= 100
  torch::Device device = torch::kCPU;  // where the probes live
  void validate() const;               // usage_error naming field, value and constraint
};

// Squared 2-norms of every probe, float64; P kinds of probes, R references, S levels, n probes; NaN where a reference was not
// evaluated (Share). With s = (D - x) /
// sigma^2 the residual of scores and denoisers is one: |s_a - s_b|^2 sigma^4 = |D_a - D_b|^2.
struct Comparison {
  std::vector<ProbeKind> kinds;         // P
  std::vector<std::string> references;  // R: their names
  std::vector<double> sigmas;           // S
  int64_t dimensions = 0;               // d: numbers in a sample
  torch::Tensor difference;             // [P,R,S,n] |D_model - D_ref|^2
  torch::Tensor model_score;            // [P,S,n]   |D_model - x|^2 = sigma^4 |s_model|^2
  torch::Tensor model_denoised;         // [P,S,n]   |D_model|^2
  torch::Tensor reference_score;        // [P,R,S,n]
  torch::Tensor reference_denoised;     // [P,R,S,n]
  torch::Tensor classes;    // [P,n] int64: what each probe was asked for; undefined: one class, or none, for all
  torch::Tensor evaluated;  // [R,S] int64: at the first so many probes of each kind
};

// Every denoiser is evaluated once at every probe and level, but for references with a Share, which measure_shares() (shares.h)
// adds. `data` may be null: then noise probes only. usage_error
// when shapes differ or a level lies outside a denoiser's range; stops with kInterrupted on a signal. Ranks with the same
// denoisers share the batches (core/shards.h); each has the whole result, the same bits for any number of them.
Comparison compare(const Subject& model, const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                   const CompareOptions& options, Comm& comm = alone());

// What some probes are asked for, [count] int64; undefined unless the model has own_classes.
torch::Tensor classes_of(const Subject& model, const Probes& probes, ProbeKind kind, int64_t first, int64_t count);

// The sums of Comparison, in the order in which they travel.
inline constexpr torch::Tensor Comparison::* kComparisonSums[] = {&Comparison::model_score, &Comparison::model_denoised,
                                                                  &Comparison::difference, &Comparison::reference_score,
                                                                  &Comparison::reference_denoised};

// One batch of B probes at one level: the sums of probe_sums.h; NaN of references with a Share.
Tensors compare_batch(const Subject& model, const std::vector<Subject>& references, const Probes::Batch& probes,
                      double sigma);

// The explained variance of one row: 1 - sum |a - b|^2 / sum |a|^2 over probes (ratio of totals, not centred), a = the
// model's score or denoiser, b = the reference's; its 95 % bootstrap interval; the mean over probes of the ratio of each
// probe; and the same as `value` with b in the denominator. Exactly 1 where a = b, also where both vanish.
struct Explained {
  double value, low, high;
  double per_sample;
  double reverse;
};

// One row of comparison.csv.
struct ComparisonRow {
  ProbeKind probe;
  int64_t reference, level;  // indices
  int64_t samples;           // probes
  Explained score, denoiser;
  double score_mse, score_mse_low, score_mse_high;           // mean over probes of |s_model - s_ref|^2 / d
  double denoiser_mse, denoiser_mse_low, denoiser_mse_high;  // mean over probes of |D_model - D_ref|^2 / d
};

// Rows in the order probe, reference, sigma; none where a reference was not evaluated.
std::vector<ComparisonRow> summarise(const Comparison& comparison, int64_t replicates, uint64_t seed);

// comparison.csv: probe, reference, sigma, samples, explained, explained_low, explained_high, explained_per_sample,
// explained_reverse, the same five prefixed denoiser_, then the mean squared differences and their intervals.
Table comparison_table(const Comparison& comparison, const std::vector<ComparisonRow>& rows);

// The headline: the smallest tested level from which on, at every higher tested level too, the lower end of the interval
// of the score's explained variance is at least `threshold`. Nothing when the highest level already falls short.
std::optional<double> explained_from(const Comparison& comparison, const std::vector<ComparisonRow>& rows,
                                     ProbeKind probe, int64_t reference, double threshold = 0.99);

}  // namespace farfield
