#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/config/config.h"

namespace farfield {

// What is done to a clean sample before it is noised; images only.
struct AugmentOptions {
  bool xflip = false;      // mirror left to right with probability 1/2, without a label: the mirror image is data
  double probability = 0;  // in [0, 1]: of each step of EDM's pipeline (0.12 for CIFAR-10, 0.15 for FFHQ); 0: off

  // From an `augment` section: xflip, probability.
  static AugmentOptions from_config(const Config& augment);
  void validate() const;  // usage_error: out of range, or both (the pipeline flips already, with a label)
  int64_t label_dim() const { return probability > 0 ? 9 : 0; }  // the network's augment_dim
};

struct Augmented {
  torch::Tensor samples;  // as given, new values
  torch::Tensor labels;   // [B, 9] float32, what was done; undefined without the pipeline
};

// samples [B,C,H,W] (or [B,d], left alone) float32 on the CPU, at stream `positions` [B]. The pipeline is that of Karras
// et al. 2020 ("Training GANs with limited data") as EDM uses it: augment_parameters.h, then augment_warp.h. The same
// position gives the same augmentation, bit for bit, in every batch; values are not clamped.
Augmented augment(const torch::Tensor& samples, const torch::Tensor& positions, uint64_t seed,
                  const AugmentOptions& options);

}  // namespace farfield
