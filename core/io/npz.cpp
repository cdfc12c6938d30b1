#include "core/io/npz.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/input_file.h"
#include "core/io/npy_header.h"
#include "core/io/tensor_bytes.h"
#include "core/io/zip.h"
#include "core/io/zip_writer.h"
#include "core/text.h"

namespace farfield {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written little-endian");

constexpr std::string_view kExtension = ".npy";

// Copies the bytes of the file from an offset on.
using ReadAt = std::function<void(uint64_t offset, std::span<std::byte> bytes)>;

// The array a header and the raw bytes stand for: byte order and Fortran order undone.
torch::Tensor read_array(const ReadAt& read, const NpyHeader& header, std::string_view name) {
  std::vector<int64_t> shape = header.shape;
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  auto array = torch::empty(shape, header.dtype);
  const auto bytes = writable_bytes_of(array);
  read(header.data_begin, bytes);
  check_boolean_bytes(array, name, "");
  if (header.big_endian) {
    const size_t size = array.element_size();
    for (size_t i = 0; i < bytes.size(); i += size) std::reverse(bytes.begin() + i, bytes.begin() + i + size);
  }
  if (!header.fortran_order) return array;
  std::vector<int64_t> reversed(shape.size());
  for (size_t i = 0; i < reversed.size(); ++i) reversed[i] = static_cast<int64_t>(reversed.size() - 1 - i);
  return array.permute(reversed).contiguous();
}

torch::Tensor read_npy_from(const ReadAt& read, uint64_t file_bytes, std::string_view name) {
  const auto text = [&](uint64_t count) {
    std::string bytes(count, '\0');
    read(0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
  };
  const uint64_t data_begin = npy_data_begin(text(std::min(file_bytes, kNpyPrefix)), name);
  if (data_begin > file_bytes) throw bad_file(name, "npy: the file is cut off inside its header");
  const NpyHeader header = parse_npy_header(text(data_begin), name);
  if (header.data_bytes != file_bytes - data_begin) {
    throw bad_file(name, fmt::format("npy: the header promises {} bytes of data, the file has {}", header.data_bytes,
                                     file_bytes - data_begin));
  }
  return read_array(read, header, name);
}

torch::Tensor to_host(const torch::Tensor& array) {
  check(array.defined(), "only defined arrays are written");
  return array.detach().cpu().contiguous();
}

}  // namespace

torch::Tensor read_npy(const std::filesystem::path& path, uint64_t limit_bytes) {
  const InputFile file(path);
  if (file.size() > limit_bytes) {
    throw bad_file(file.path(), fmt::format("{} bytes, more than the limit of {}", file.size(), limit_bytes));
  }
  return read_npy_from([&](uint64_t offset, std::span<std::byte> out) { file.read(offset, out); }, file.size(),
                       file.path());
}

torch::Tensor parse_npy(std::string_view bytes, std::string_view name) {
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
  };
  return read_npy_from(read, bytes.size(), name);
}

std::string serialize_npy(const torch::Tensor& array) {
  const auto host = to_host(array);
  std::string bytes = make_npy_header(host.scalar_type(), host.sizes());
  bytes += text_of(host);
  return bytes;
}

void write_npy(const std::filesystem::path& path, const torch::Tensor& array) {
  write_file_atomically(path, serialize_npy(array));
}

std::map<std::string, torch::Tensor> read_npz(const std::filesystem::path& path, uint64_t limit_bytes) {
  const ZipReader archive(path);
  std::map<std::string, torch::Tensor> arrays;
  uint64_t left = limit_bytes;
  for (const auto& member : archive.names()) {
    if (!member.ends_with(kExtension) || member.size() == kExtension.size()) {
      throw bad_file(path.string(), fmt::format("npz: member {} is no .npy array", quote(member)));
    }
    const std::string bytes = archive.read(member, left);
    left -= bytes.size();
    const std::string where = fmt::format("{}: {}", path.string(), quote(member));
    arrays.emplace(member.substr(0, member.size() - kExtension.size()), parse_npy(bytes, where));
  }
  return arrays;
}

void write_npz(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& arrays) {
  ZipWriter archive;
  for (const auto& [name, array] : arrays) {
    const auto host = to_host(array);
    const std::string header = make_npy_header(host.scalar_type(), host.sizes());
    archive.add(name + std::string(kExtension), {header, text_of(host)});
  }
  write_file_atomically(path, archive.finish());
}

}  // namespace farfield
