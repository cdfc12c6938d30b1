#pragma once

#include <cstdint>
#include <memory>

#include "core/data/source.h"

namespace farfield {

struct Batch {
  torch::Tensor samples;    // [B, ...shape] float32
  torch::Tensor labels;     // [B, label_dim] float32 one-hot, or undefined
  torch::Tensor positions;  // [B] int64: place in the endless stream of images (images seen before each)
};

// The endless stream of training samples: position p of the stream is sample permutation_{seed, p / N}[p mod N], so the
// order is a function of (seed, images seen) alone and resume is exact by construction. A rank reads the positions
// p = first + rank, first + rank + world, ... of every global batch. One thread reads ahead; it costs the training
// threads nothing but memory bandwidth. Memory: two permutations (16 bytes x N) and kReadAhead batches.
class Loader {
 public:
  static constexpr int64_t kReadAhead = 3;  // batches

  struct Options {
    int64_t batch = 64;  // global batch, >= 1; divisible by world
    uint64_t seed = 0;
    int64_t start_images = 0;  // images seen before the first batch, >= 0; need not be a multiple of the batch
    int64_t rank = 0, world = 1;
    void validate() const;  // usage_error naming the field
  };
  Loader(std::shared_ptr<const DataSource> data, const Options& options);
  ~Loader();
  // This rank's batch / world samples of the next global batch.
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The order of one epoch: a Fisher-Yates shuffle of 0 ... count - 1 keyed by (seed, epoch), the same on every machine.
std::vector<int64_t> epoch_order(uint64_t seed, int64_t epoch, int64_t count);

}  // namespace farfield
