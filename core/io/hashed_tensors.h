#pragma once

#include <filesystem>
#include <string>

#include "core/io/safetensors.h"

namespace farfield {

// A file's content and the SHA-256 of its bytes.
struct HashedTensorFile {
  TensorFile file;
  std::string sha256;
};

// read_safetensors() with the hash, which is computed meanwhile, on one more thread where LibTorch has several.
HashedTensorFile read_safetensors_hashed(const std::filesystem::path& path, const TensorFileLimits& limits = {});

}  // namespace farfield
