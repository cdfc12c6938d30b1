#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>

#include <ATen/core/Generator.h>
#include <torch/types.h>

namespace farfield {

// The randomness of one training forward pass. Masks are a function of the key, the device and the order of the layers:
// nothing has to be stored to resume, and no global generator is touched.
//
//   DropoutStream dropout(device, {seed, rank, images_seen});
//   network.forward(x, conditioning, &dropout);
class DropoutStream {
 public:
  DropoutStream(torch::Device device, std::initializer_list<uint64_t> key);
  // A stream that draws from here on what this one will, beside it.
  DropoutStream copy() const { return DropoutStream(generator_.clone()); }

  // x with each value zeroed with probability `p` in [0, 1) and the rest scaled by 1 / (1 - p). Differentiable.
  torch::Tensor drop(const torch::Tensor& x, double p);
  // The same for whole rows [B, K] without the scaling: EDM's label dropout.
  torch::Tensor drop_rows(const torch::Tensor& rows, double p);

 private:
  explicit DropoutStream(at::Generator generator) : generator_(std::move(generator)) {}

  at::Generator generator_;
};

}  // namespace farfield
