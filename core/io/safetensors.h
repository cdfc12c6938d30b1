#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// The content of a safetensors file: named tensors and the string-to-string metadata. As read: on the CPU, contiguous. To
// be written: of any device and layout.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Limits a reader enforces before it allocates.
struct TensorFileLimits {
  uint64_t header_bytes = 100'000'000;  // the format's own limit
  uint64_t file_bytes = uint64_t{1} << 36;
};

// Reads a safetensors file (https://huggingface.co/docs/safetensors). dtypes F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL.
// bad_file for: header length beyond the file or the limit, bad JSON or UTF-8, duplicate or unknown keys, metadata that
// is not text, unknown dtype, more than 100,000 tensors or 32 dimensions, shapes whose product overflows or differs
// from the byte range, ranges that overlap, leave holes, are not aligned to the element size or end elsewhere than the
// file does, BOOL bytes other than 0 and 1. Tensors without elements are allowed between two others, not inside one.
// Memory beyond the header is the tensors themselves, read straight into place. io_error when it cannot be read.
TensorFile read_safetensors(const std::filesystem::path& path, const TensorFileLimits& limits = {});
// The same, and the SHA-256 of the file's bytes, which is computed meanwhile, on one more thread where LibTorch has several.
struct HashedTensorFile {
  TensorFile file;
  std::string sha256;
};
HashedTensorFile read_safetensors_hashed(const std::filesystem::path& path, const TensorFileLimits& limits = {});
TensorFile parse_safetensors(std::string_view bytes, std::string_view name, const TensorFileLimits& limits = {});

// The bytes of a safetensors file: header padded to 8 bytes, tensors by element size (large ones first, so that all are
// aligned), then by name; the same input gives the same bytes. usage_error when a name or metadata is not UTF-8.
std::string serialize_safetensors(const TensorFile& file);
// Atomic write of the above; at most one tensor at a time is copied. Returns the file's SHA-256.
std::string write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace farfield
