#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "core/comm.h"
#include "train/flat_parameters.h"

namespace farfield {

// Adds up the gradients of all ranks while the backward pass still runs. The flat gradient is cut into buckets from its
// end, where backward begins; a bucket leaves as soon as its last parameter has its gradient, in the order of the buckets,
// so that every rank sends the same one. Traffic of a step: the gradients once, 4 bytes a parameter. Nothing happens in
// a group of one.
class GradientExchange {
 public:
  // Both outlive this. `parameters` collects gradients already.
  GradientExchange(FlatParameters& parameters, Comm& comm);
  ~GradientExchange();

  // The backward pass that follows is the last one before finish(): what it completes may leave.
  void begin();
  // Waits until gradients() is the sum over the ranks. Parameters without a gradient in this step count as zero.
  void finish();

 private:
  struct Bucket {
    int64_t offset, size;  // in the flat gradient
    int parameters;
    int missing = 0;  // parameters that have no gradient yet
  };
  class Hook;

  void arrived(size_t bucket);
  void send_next();

  FlatParameters& parameters_;
  Comm& comm_;
  std::vector<Bucket> buckets_;
  std::vector<std::future<void>> sent_;  // of the first sent_.size() buckets
  bool begun_ = false;
};

}  // namespace farfield
