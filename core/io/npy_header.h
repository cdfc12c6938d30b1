#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace farfield {

// What the header of a .npy file says about the array (numpy/lib/format.py, versions 1.0 to 3.0). An array of texts is one
// of characters: bytes (numpy's S) are uint8, code points (U) int32.
struct NpyHeader {
  torch::ScalarType dtype = torch::kFloat32;
  int64_t text_length = 0;  // characters of each text; 0: the array holds numbers
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  uint64_t data_begin = 0;  // bytes before the data
  uint64_t data_bytes = 0;
};

constexpr uint64_t kNpyPrefix = 12;           // magic, version and the longer form of the header's length
constexpr uint64_t kNpyHeaderLimit = 10'000;  // numpy.load's own limit

// Bytes of `file`'s header, from its first kNpyPrefix bytes (fewer when the file is shorter): where the data begin.
uint64_t npy_data_begin(std::string_view prefix, std::string_view file);

// Parses the bytes before the data. bad_file for whatever numpy.load(allow_pickle=False) refuses, for dtypes without a
// torch equivalent, and for shapes whose size overflows.
NpyHeader parse_npy_header(std::string_view bytes, std::string_view file);

// Magic, version 1.0 and header, padded so that the data begin at a multiple of 64. A broken promise (check) for a
// dtype numpy has not (bfloat16).
std::string make_npy_header(torch::ScalarType dtype, torch::IntArrayRef shape);

}  // namespace farfield
