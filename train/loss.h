#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// The weight of a noise level in the loss: sigma [B] float64 -> [B] float64 > 0.
using LossWeight = std::function<torch::Tensor(const torch::Tensor& sigma)>;

// edm: (sigma^2 + sigma_data^2) / (sigma sigma_data)^2 (Karras et al. 2022, table 1), which makes the loss of an
// untrained network about 1 per pixel at every sigma.
// vp, ve: 1 / sigma^2 (the same table; NVlabs EDM's VPLoss and VELoss), each with the noise levels of its name.
// usage_error for an unknown name.
LossWeight make_loss_weight(const std::string& name, double sigma_data);
std::vector<std::string> loss_names();

// weight * |denoised - clean|^2, summed over the values of each sample: [B], with gradients. The objective of a step is
// its sum over the global batch divided by the batch; the reported loss is its mean per value.
torch::Tensor weighted_error(const torch::Tensor& denoised, const torch::Tensor& clean, const torch::Tensor& weight);

}  // namespace farfield
