#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace farfield {

// The randomness of one training forward pass. The mask of a sample is a function of (key, its position, the layer's place
// in the order of the layers, the device) and of nothing else: not of the batch it is part of, nor of the rank. Nothing
// has to be stored to resume, and no global generator is touched. A copy goes on from the same place.
//
//   DropoutStream dropout(key, positions);  // positions [B] int64: of the samples in the stream of images
//   network.forward(x, conditioning, &dropout);
class DropoutStream {
 public:
  DropoutStream(uint64_t key, const torch::Tensor& positions);

  // x [B, ...] with each value zeroed with probability `p` in [0, 1) and the rest scaled by 1 / (1 - p). Differentiable.
  torch::Tensor drop(const torch::Tensor& x, double p);
  // The same for whole rows [B, K] without the scaling: EDM's label dropout.
  torch::Tensor drop_rows(const torch::Tensor& rows, double p);

 private:
  // `mask` with zeros, each with probability p, and `kept`. A row is drawn in the order of its memory.
  void draw(torch::Tensor& mask, double p, double kept);

  uint64_t key_, layer_ = 0;
  std::vector<int64_t> positions_;
};

}  // namespace farfield
