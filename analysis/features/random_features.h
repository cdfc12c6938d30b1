#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace farfield {

inline constexpr int64_t kRandomFeatures = 128;

// Fixed random convolutions, nobody's perception: three layers of 3 x 3 kernels with stride 2 and padding 1, to 32, 64 and 128
// channels, ReLU behind each, then the mean over positions. Weights are normals of variance 2 / (9 C_in), keyed by the layer
// alone (core/math/random, fill_normal), so they are the same everywhere; no biases.
class RandomConvolutions {
 public:
  explicit RandomConvolutions(int64_t channels);
  torch::Tensor operator()(const torch::Tensor& images) const;  // [B, C, H, W] to [B, 128] float32

 private:
  std::vector<torch::Tensor> weights_;
};

}  // namespace farfield
