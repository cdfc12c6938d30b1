#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/io/safetensors.h"
#include "models/networks/model_config.h"
#include "models/preconditioning.h"

namespace farfield {

struct NativeModel {
  ModelConfig config;
  std::shared_ptr<Network> network;  // parameters float32 on the CPU
};

// Fresh weights from `generator`.
NativeModel make_native_model(const ModelConfig& config, at::Generator generator);

// True when the file's metadata says that it is a network.
bool is_native_model(const TensorFile& file);

// The network of a native model file (docs/formats.md). Strict: names, shapes and dtypes must be exactly those of the
// config, all values finite, resampling filters and noise tables those of the config; bad_file lists the differences
// (the first 20). Nothing is allocated before the shapes agree; the tensors of `file` become the network's own.
NativeModel parse_native_model(TensorFile file, std::string_view name);
NativeModel read_native_model(const std::filesystem::path& path);

// The file of a model; `metadata` is added to `precond` and `config` (training progress and the like).
TensorFile to_tensor_file(const ModelConfig& config, const Network& network,
                          std::map<std::string, std::string> metadata = {});
// Atomic; returns the file's SHA-256.
std::string write_native_model(const std::filesystem::path& path, const ModelConfig& config, const Network& network,
                               std::map<std::string, std::string> metadata = {});

int64_t parameter_count(const Network& network);

}  // namespace farfield
