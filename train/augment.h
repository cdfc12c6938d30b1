#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// What is done to a clean sample before it is noised.
struct AugmentOptions {
  bool xflip = false;  // mirror left to right with probability 1/2; images only
};

// samples [B,C,H,W] (or [B,d], left alone) at stream `positions` [B]: a new tensor, or `samples` itself when nothing is
// asked for. The same position gives the same augmentation.
torch::Tensor augment(const torch::Tensor& samples, const torch::Tensor& positions, uint64_t seed,
                      const AugmentOptions& options);

}  // namespace farfield
