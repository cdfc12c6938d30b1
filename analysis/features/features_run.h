#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <torch/types.h>

#include "analysis/features/features.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose features are wanted.
struct FeaturesInputs {
  std::variant<std::string, SampleSource> samples;  // a text as of read_featured(), or samples at hand
  std::string asked;                                // FEATURES
  FeatureOptions options;
  int64_t batch = 64;  // samples at a time; changes results by rounding alone
};

struct FeaturesRun {
  Featured featured;
  std::string reference;            // of pca, for the record; "" where it is the samples themselves or not needed
  std::vector<std::string> merged;  // the files whose moments these are, where they were merged
};

// What `farfield features` and Python's features() compute. Ranks share the samples, `parts` keeps finished batches.
FeaturesRun run_features(const FeaturesInputs& inputs, const PartStore& parts = {}, Comm& comm = alone());
// The moments of several files of features or moments (read_featured()) together, in their order. usage_error for less than
// two and what merge() refuses.
FeaturesRun merge_features(const std::vector<std::string>& files);

// What follows.
struct FeaturesSummary {
  FeatureMoments moments;
  torch::Tensor variances;  // [m] float64, the covariance's eigenvalues, descending; undefined above 4096 dimensions
};
FeaturesSummary summarise_features(const FeaturesRun& run);
// "half of their variance lies in 7 of the directions, 99 % in 96"; "" where there is none.
std::string spread_words(const FeaturesSummary& summary);
std::string features_headline(const FeaturesRun& run, const FeaturesSummary& summary);
// Columns component (from 1), variance, explained (share of it and all before). 0 rows without variances.
Table spectrum_table(const FeaturesSummary& summary);

// Writes the output of `farfield features` (docs/formats.md) and commits the folder; the answer in a sentence.
std::string save_features(const FeaturesRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
