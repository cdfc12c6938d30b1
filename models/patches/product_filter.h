#pragma once

#include <memory>

#include <torch/types.h>

#include "models/patches/lane_filter.h"

namespace farfield {

// Any weights [places, planes] float64, by matrix products: for weights of which few are 0.
std::unique_ptr<LaneFilter> make_product_filter(const torch::Tensor& weights);

}  // namespace farfield
