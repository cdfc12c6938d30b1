#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// Where two scores are compared.
//   kData: x = y + sigma n, y a sample of the data set: where training and sampling happen. These are training points.
//   kNoise: x = sigma n: where sampling starts, and what the papers' validation uses.
enum class ProbeKind { kData, kNoise };
std::string_view to_string(ProbeKind kind);  // "data", "noise"

// Probe i is the same in every batch and at every noise level: n ~ N(0, I) has a random stream keyed by (seed, i, kind),
// and y is sample permutation_seed[i mod N] (without replacement while i < N).
class Probes {
 public:
  // `data` may be null when only noise probes are wanted. shape is one sample's.
  Probes(std::shared_ptr<const DataSource> data, std::vector<int64_t> shape, int64_t count, uint64_t seed);

  // The probes first ... first + count - 1 without their noise level: y [B, ...shape] (zero for noise probes) and n
  // [B, ...shape], float32 on the CPU. x = y + sigma n.
  struct Batch {
    torch::Tensor clean, noise;
    torch::Tensor classes = {};  // [B] int64, where they are asked for: classes()
  };
  Batch batch(ProbeKind kind, int64_t first, int64_t count) const;
  // A class for each of these probes, int64 [count]: that of the sample behind a data probe where the data have labels, the
  // number of the probe modulo `label_dim` of others.
  torch::Tensor classes(ProbeKind kind, int64_t first, int64_t count, int64_t label_dim) const;

 private:
  std::shared_ptr<const DataSource> data_;
  std::vector<int64_t> shape_;
  uint64_t seed_;
  torch::Tensor order_;  // [count] int64: the sample behind each data probe
};

}  // namespace farfield
