#include "core/io/tensor_bytes.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

std::span<std::byte> writable_bytes_of(torch::Tensor& tensor) {
  check(tensor.is_contiguous() && tensor.is_cpu(), "bytes are taken of contiguous CPU tensors");
  return {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()};
}

std::string_view text_of(const torch::Tensor& tensor) {
  check(tensor.is_contiguous() && tensor.is_cpu(), "bytes are taken of contiguous CPU tensors");
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

void check_boolean_bytes(const torch::Tensor& tensor, std::string_view file, std::string_view name) {
  if (tensor.scalar_type() != torch::kBool) return;
  const std::string_view bytes = text_of(tensor);
  if (std::any_of(bytes.begin(), bytes.end(), [](char byte) { return byte != 0 && byte != 1; })) {
    throw bad_file(file, fmt::format("bool array {} holds bytes other than 0 and 1", quote(name)));
  }
}

}  // namespace farfield
