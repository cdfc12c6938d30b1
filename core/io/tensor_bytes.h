#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// The memory of a contiguous CPU tensor, valid as long as the tensor lives.
std::span<std::byte> writable_bytes_of(torch::Tensor& tensor);
std::string_view text_of(const torch::Tensor& tensor);

// bad_file when a bool tensor just read holds bytes other than 0 and 1, which no C++ bool may; others pass.
void check_boolean_bytes(const torch::Tensor& tensor, std::string_view file, std::string_view name);

}  // namespace farfield
