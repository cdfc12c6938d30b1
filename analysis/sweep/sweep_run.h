#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/comparison.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// Whose score is explained by mixtures of how many components of what rank, opened.
struct SweepInputs {
  Subject model;
  std::shared_ptr<const DataSource> data;  // of the mixtures and of the probes
  std::string model_text;                  // the model as it was named, for the record
};

// Which mixtures and where. Rising lists; the full rank and K = N, the exact denoiser of the data, are always there.
struct SweepOptions {
  std::vector<int64_t> components;  // K, each from 1 to N
  std::vector<int64_t> ranks;       // r, each from 1 to d
  std::vector<double> sigmas;
  int64_t probes = 256;                // noised data at each level, >= 2
  int64_t batch = 64;                  // probes at a time; changes results by rounding alone
  uint64_t seed = 0;                   // of probes, k-means and bootstrap
  int64_t replicates = 1000;           // of the bootstrap
  std::optional<int64_t> label;        // the class that the model is asked for; choose_class()
  torch::Device device = torch::kCPU;  // of the model

  void validate(const DataInfo& data) const;  // usage_error naming option, value and constraint
};

// The sizes of a quick look, and those of "The Unreasonable Effectiveness of Gaussian Score Approximation" (figures 9 and
// 22), as far as data of that size and shape and the model's noise levels have them.
SweepOptions quick_sweep(const DataInfo& data, const DenoiserInfo& model);
SweepOptions paper_sweep(const DataInfo& data, const DenoiserInfo& model);

// One number of components at every rank. d: numbers of a sample; Q: the ranks asked for, and the full one behind them.
struct SweptMixture {
  int64_t components = 0;           // K as asked for
  int64_t clusters = 0;             // that k-means made of it: fewer where data repeat
  int64_t largest_rank = 0;         // of any cluster: the full rank
  std::vector<int64_t> below = {};  // [Q]: clusters with fewer eigenvectors than the rank
  torch::Tensor difference;         // [Q, S, n] float64, |D_model - D_K,r|^2
};

// What was measured. Probes x = y + sigma n of data, those of compare() with the same seed.
struct SweepRun {
  SweepInputs inputs;
  SweepOptions options;
  torch::Tensor model_score;           // [S, n] float64, |D_model - x|^2 = sigma^4 |s_model|^2
  std::vector<SweptMixture> mixtures;  // in the order of options.components
  torch::Tensor exact_difference;      // [S, n]: of K = N
};

// What `farfield sweep` and Python's sweep() compute. The network is evaluated once at every probe, each K has one k-means and
// one eigendecomposition a cluster. `outputs` keeps the network's batches, `parts` every finished K; ranks share fits and
// batches. usage_error as SweepOptions::validate(), and for a model of other samples or levels.
SweepRun run_sweep(SweepInputs inputs, SweepOptions options, const PartStore& outputs = {}, const PartStore& parts = {},
                   Comm& comm = alone());

}  // namespace farfield
