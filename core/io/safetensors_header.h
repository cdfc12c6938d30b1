#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace farfield {

// One entry of a safetensors header: element type, shape and the byte range [begin, end) in the data section.
struct TensorEntry {
  std::string name;
  torch::ScalarType dtype = torch::kFloat32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

struct TensorHeader {
  std::vector<TensorEntry> entries;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

// Parses and checks the JSON header of the safetensors file `file` whose data section has `data_bytes` bytes; what it
// refuses is the list at read_safetensors. On success the entries cover the data section exactly, each aligned to its
// element size.
TensorHeader parse_tensor_header(std::string_view json, uint64_t data_bytes, std::string_view file);

// The format's name of an element type; a broken promise (check) when it has none.
std::string_view safetensors_dtype(torch::ScalarType dtype);

}  // namespace farfield
