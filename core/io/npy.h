#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// numpy's .npy, read as numpy.load(allow_pickle=False) would and written so that it can.
// dtypes: bool, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4, f8, little-endian (big-endian is swapped on reading); C or Fortran
// order. Arrays come back contiguous, on the CPU. bad_file for texts, object arrays, damaged headers, sizes that overflow
// or differ from the file's, more than 32 dimensions, more than `limit_bytes`. io_error when the file cannot be read.
constexpr uint64_t kArrayBytesLimit = uint64_t{1} << 36;

torch::Tensor read_npy(const std::filesystem::path& path, uint64_t limit_bytes = kArrayBytesLimit);
torch::Tensor parse_npy(std::string_view bytes, std::string_view name);

// What a .npy holds: numbers, or texts as their characters.
struct NpyContent {
  torch::Tensor
      values;  // the numbers; of texts [...shape, characters], uint8 bytes or int32 code points, 0 behind the end
  bool texts = false;
};
NpyContent parse_npy_content(std::string_view bytes, std::string_view name);  // bad_file as parse_npy but for texts

std::string serialize_npy(const torch::Tensor& array);
void write_npy(const std::filesystem::path& path, const torch::Tensor& array);  // atomic

}  // namespace farfield
