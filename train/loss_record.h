#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/run/training_log.h"

namespace farfield {

// The loss per value between two lines of the log, in all and per half decade of the noise level.
class LossRecord {
 public:
  LossRecord();
  // sigma, loss: [B] float64 on the CPU.
  void add(const torch::Tensor& sigma, const torch::Tensor& loss);
  double mean() const;                  // 0 before the first add
  std::vector<SigmaLoss> bins() const;  // those with samples
  void clear();

  // [2, bins] float64: counts and sums, part of the training state so that a resumed log has the same numbers.
  torch::Tensor& sums() { return sums_; }

 private:
  torch::Tensor edges_, sums_;
};

}  // namespace farfield
