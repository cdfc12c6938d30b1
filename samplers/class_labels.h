#pragma once

#include <torch/types.h>

#include "models/denoiser.h"

namespace farfield {

// Labels for bind(): classes [B] int64 as one-hot rows [B, label_dim] float32; undefined for a model without labels.
inline torch::Tensor class_labels(const torch::Tensor& classes, const DenoiserInfo& model, torch::Device device) {
  if (model.label_dim == 0) return {};
  return torch::one_hot(classes, model.label_dim).to(device, torch::kFloat32);
}

}  // namespace farfield
