#include "core/io/safetensors.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <functional>
#include <future>
#include <tuple>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/input_file.h"
#include "core/io/json.h"
#include "core/io/safetensors_header.h"
#include "core/io/sha256.h"
#include "core/io/tensor_bytes.h"

namespace farfield {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint64_t kPrefix = sizeof(uint64_t);  // length of the header
constexpr size_t kDataAlignment = 8;

// Copies the bytes of the file from an offset on; from several threads at once.
using ReadAt = std::function<void(uint64_t offset, std::span<std::byte> bytes)>;

// Fills the tensors of the entries on this thread's team, as far as there is something to share: what takes long is the
// first touch of new memory.
void fill(std::vector<torch::Tensor>& tensors, const std::vector<TensorEntry>& entries, const ReadAt& read,
          uint64_t data_begin, std::string_view name) {
  constexpr uint64_t kWorthATeam = uint64_t{1} << 22;
  const uint64_t bytes = entries.empty() ? 0 : entries.back().end;
  const int64_t team = bytes < kWorthATeam ? 1 : at::get_num_threads();
  std::atomic<size_t> next{0};
  at::parallel_for(0, team, 1, [&](int64_t, int64_t) {
    for (size_t i = next++; i < entries.size(); i = next++) {
      read(data_begin + entries[i].begin, writable_bytes_of(tensors[i]));
      check_boolean_bytes(tensors[i], name, entries[i].name);
    }
  });
}

TensorFile read_tensors(const ReadAt& read, uint64_t file_bytes, std::string_view name,
                        const TensorFileLimits& limits) {
  if (file_bytes > limits.file_bytes) {
    throw bad_file(name, fmt::format("{} bytes, more than the limit of {}", file_bytes, limits.file_bytes));
  }
  if (file_bytes < kPrefix) throw bad_file(name, fmt::format("{} bytes are too few for safetensors", file_bytes));
  uint64_t header_bytes = 0;
  read(0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  if (header_bytes > limits.header_bytes) {
    throw bad_file(name, fmt::format("safetensors: a header of {} bytes is more than the limit of {}; is this a "
                                     "safetensors file?",
                                     header_bytes, limits.header_bytes));
  }
  if (header_bytes > file_bytes - kPrefix) {
    throw bad_file(
        name, fmt::format("safetensors: a header of {} bytes in a file of {}; it is cut off or no safetensors file",
                          header_bytes, file_bytes));
  }
  std::string json(header_bytes, '\0');
  read(kPrefix, std::as_writable_bytes(std::span(json)));
  const uint64_t data_begin = kPrefix + header_bytes;
  TensorHeader header = parse_tensor_header(json, file_bytes - data_begin, name);
  json = {};

  TensorFile file;
  file.metadata = std::move(header.metadata);
  std::vector<torch::Tensor> tensors;
  for (const auto& entry : header.entries) tensors.push_back(torch::empty(entry.shape, entry.dtype));
  fill(tensors, header.entries, read, data_begin, name);
  for (size_t i = 0; i < tensors.size(); ++i) {
    file.tensors.emplace(std::move(header.entries[i].name), std::move(tensors[i]));
  }
  return file;
}

// Tensors in file order: large elements first, so that every tensor is aligned without padding (the format allows none
// between tensors), then by name.
std::vector<std::pair<std::string, torch::Tensor>> in_file_order(const TensorFile& file) {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    check(tensor.defined(), "every tensor of a file is defined");
    check(name != "__metadata__", "no tensor is called __metadata__");
    tensors.emplace_back(name, tensor.detach());
  }
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
  return tensors;
}

// The file before its first tensor: the length of the header and the header.
std::string head_of(const TensorFile& file, const std::vector<std::pair<std::string, torch::Tensor>>& tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  size_t data_bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const size_t begin = data_bytes;
    data_bytes += tensor.nbytes();
    header[name] = {{"dtype", safetensors_dtype(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin, data_bytes}}};
  }
  std::string json = dump_json(header);
  json.resize((json.size() + kDataAlignment - 1) / kDataAlignment * kDataAlignment, ' ');
  const uint64_t header_bytes = json.size();
  return std::string(reinterpret_cast<const char*>(&header_bytes), kPrefix) + json;
}

// Only one tensor at a time is copied, and only when it lies elsewhere or in another order than in the file.
TextParts parts_of(const TensorFile& file) {
  return [&file](const std::function<void(std::string_view)>& take) {
    const auto tensors = in_file_order(file);
    take(head_of(file, tensors));
    for (const auto& [name, tensor] : tensors) take(text_of(tensor.cpu().contiguous()));
  };
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& path, const TensorFileLimits& limits) {
  const InputFile file(path);
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> bytes) { file.read(offset, bytes); };
  return read_tensors(read, file.size(), file.path(), limits);
}

HashedTensorFile read_safetensors_hashed(const std::filesystem::path& path, const TensorFileLimits& limits) {
  const auto apart = at::get_num_threads() > 1 ? std::launch::async : std::launch::deferred;
  auto hash = std::async(apart, [&] { return sha256_file(path); });
  TensorFile file = read_safetensors(path, limits);
  return {std::move(file), hash.get()};
}

TensorFile parse_safetensors(std::string_view bytes, std::string_view name, const TensorFileLimits& limits) {
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
  };
  return read_tensors(read, bytes.size(), name, limits);
}

std::string serialize_safetensors(const TensorFile& file) {
  std::string bytes;
  parts_of(file)([&](std::string_view part) { bytes.append(part); });
  return bytes;
}

std::string write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  Sha256 hash;
  write_file_atomically(path, [&](const auto& take) {
    parts_of(file)([&](std::string_view part) {
      hash.add(std::as_bytes(std::span(part)));
      take(part);
    });
  });
  return hash.hexadecimal();
}

}  // namespace farfield
