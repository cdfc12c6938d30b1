#pragma once

#include <memory>

#include <torch/types.h>

#include "models/networks/network.h"
#include "models/preconditioning.h"

namespace farfield {

// D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) with gradients, for training and for NetworkDenoiser alike (Karras
// et al. 2022, eq. 7). Coefficients are made in float64; the combination runs in the dtype of the network's parameters
// (float32), the network itself in `activations` (float32, or bfloat16 for mixed precision).
struct PreconditionedNetwork {
  std::shared_ptr<Network> network;
  std::shared_ptr<const Preconditioning> preconditioning;
  torch::ScalarType activations = torch::kFloat32;
  torch::MemoryFormat format = torch::MemoryFormat::Contiguous;  // of activations; ChannelsLast for images only

  // x [B, ...shape], sigma [B] > 0; `labels` without its noise_labels, which are made here. Returns [B, ...shape] in the
  // parameters' dtype.
  torch::Tensor operator()(const torch::Tensor& x, const torch::Tensor& sigma, Conditioning labels = {},
                           DropoutStream* dropout = nullptr) const;
};

}  // namespace farfield
