#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "analysis/features/feature_contract.h"

namespace farfield {

// Images [B, C, H, W] in [-1, 1] as bytes [B, C, H, W], by to_bytes() of core/io/image; data of bytes come back as they were. numeric_error for values that are not finite.
torch::Tensor image_bytes(const torch::Tensor& images);
// What formulas see of samples [B, ...shape]: of images, where `quantised`, the values that their bytes stand for,
// byte / 127.5 - 1, float32; all others as they are. numeric_error for values that are not finite.
torch::Tensor as_seen(const torch::Tensor& samples, bool quantised);

// What a network is given by its contract, of images [B, C, H, W] in [-1, 1]: bytes where quantised; grey repeated; resized;
// brought into the range; less the mean, over std. uint8 or float32, on the CPU. Errors as image_bytes().
torch::Tensor network_input(const torch::Tensor& images, const FeatureContract& contract);
// usage_error for samples that no network takes by this contract: no images, or of other channels.
void check_network_shape(const std::vector<int64_t>& shape, const FeatureContract& contract);

}  // namespace farfield
