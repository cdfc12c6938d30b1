#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/math/random.h"
#include "models/denoiser.h"

namespace farfield {

// The random streams of some seeds, one each, drawn in the reference implementation's order (NVlabs EDM, generate.py):
// the latent, then a class where the model takes labels, then one noise a noisy step. Row i is a function of seeds[i]
// alone. Everything on the CPU.
class SeedBatch {
 public:
  SeedBatch(std::span<const int64_t> seeds, const DenoiserInfo& model);

  const torch::Tensor& latents() const { return latents_; }  // [B, ...shape] float64: float32 normals, widened
  const torch::Tensor& classes() const { return classes_; }  // [B] int64 in [0, label_dim); -1 without labels
  torch::Tensor noise();                                     // the next normals, [B, ...shape] float64

 private:
  std::vector<SampleRandom> streams_;
  std::vector<int64_t> shape_;
  torch::Tensor latents_, classes_;
};

// Classes [B] as Denoiser::bind() takes them: [B, label_dim] float32, undefined for a model without labels.
torch::Tensor one_hot_labels(const torch::Tensor& classes, int64_t label_dim, torch::Device device);

}  // namespace farfield
