#pragma once

#include <string_view>

#include <torch/types.h>

namespace farfield {

// The checks that statistics share before anything computes with them; usage_error naming the field.

// A float64 CPU tensor of this shape (-1: any size > 0) with finite values of at most limits::kHighestStatistic.
void check_stats_tensor(const torch::Tensor& tensor, std::string_view field, torch::IntArrayRef shape);
void check_not_negative(const torch::Tensor& tensor, std::string_view field);

}  // namespace farfield
