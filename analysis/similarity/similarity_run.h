#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/feature_contract.h"
#include "analysis/features/sample_source.h"
#include "analysis/paths/curve.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Two sets of samples, one against the other.
struct SimilarityInputs {
  SampleSource a, b;
  std::string features;  // a network, NET.pt; "": squared errors alone
  bool resize = true;    // before the network (perceptual_distance.h)
  bool trust = false;
  torch::Device device = torch::kCPU;  // of the network
  int64_t batch = 64;                  // pairs at a time; changes results by rounding alone
};

// n pairs in the order of a.
struct SimilarityRun {
  SimilarityInputs inputs;
  torch::Tensor partner;  // [n] int64: sample i of a stands against sample partner[i] of b
  torch::Tensor mse;      // [n] float64, mean over the numbers of a sample of (a - b)^2
  torch::Tensor maps;  // [n, L] float64, the share of every map of the perceptual distance; undefined without a network

  FeatureContract contract;  // of the network, with the resize that was done

  bool perceptual() const { return maps.defined(); }
  torch::Tensor distance() const { return perceptual() ? maps.sum(1) : mse; }  // [n]: what pairs are ranked by
};

// What `farfield similarity` and Python's similarity() compute. Where both have seeds the pairs are those of equal seeds, else
// the first is held against the first, and so on. Ranks share the pairs, `parts` keeps finished batches. usage_error for other
// shapes or counts, a seed that b lacks or that stands twice; numeric_error for samples that are not finite.
SimilarityRun run_similarity(SimilarityInputs inputs, const PartStore& parts = {}, Comm& comm = alone());

// Columns pair, a, b (places), seed (empty without), mse, rms, and perceptual where there is a network.
Table similarity_table(const SimilarityRun& run);
std::string similarity_headline(const SimilarityRun& run);

// Writes the output of `farfield similarity` (docs/formats.md) and commits the folder; the answer in a sentence.
std::string save_similarity(const SimilarityRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
