#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

namespace farfield {

// features [n, d] floating as contiguous float64 on the CPU. usage_error, naming `measure`, for fewer rows than `least`;
// numeric_error naming the first row that is not finite.
torch::Tensor feature_rows(const torch::Tensor& features, int64_t least, const std::string& measure);

// usage_error, naming `measure`, unless both have rows of one length.
void check_same_width(const torch::Tensor& a, const torch::Tensor& b, const std::string& measure);

}  // namespace farfield
