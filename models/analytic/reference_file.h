#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/io/safetensors.h"
#include "models/analytic/analytic.h"

namespace farfield {

// A fitted reference and where it came from; on disk a safetensors file (docs/formats.md).
struct Reference {
  std::variant<GaussianStats, MixtureStats> stats;
  std::vector<int64_t> sample_shape;
  std::string source;       // the data's SRC
  std::string fingerprint;  // the data's SHA-256
};

// Atomic; returns the file's SHA-256.
std::string write_reference(const std::filesystem::path& path, const Reference& reference);

// True when the file's metadata says that it is a reference (and not a network).
bool is_reference(const TensorFile& file);
// Every tensor and metadata entry is checked (bad_file naming the entry); nothing unknown is accepted. What is read is
// bit for bit what was written.
Reference parse_reference(const TensorFile& file, std::string_view name);
Reference read_reference(const std::filesystem::path& path);
// read_reference for commands that need a Gaussian (teleportation); usage_error for a mixture.
GaussianStats read_gaussian(const std::filesystem::path& path);

std::unique_ptr<AnalyticDenoiser> make_denoiser(const Reference& reference);

}  // namespace farfield
