#include "core/io/npy.h"

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

namespace farfield {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written little-endian");

// Copies the bytes of the file from an offset on.
using ReadAt = std::function<void(uint64_t offset, std::span<std::byte> bytes)>;

// The array a header and the raw bytes stand for: byte order and Fortran order undone. The characters of a text are one
// more dimension, the innermost in both orders.
torch::Tensor read_array(const ReadAt& read, const NpyHeader& header, std::string_view name) {
  const size_t dims = header.shape.size();
  std::vector<int64_t> shape = header.shape;
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  if (header.text_length > 0) shape.push_back(header.text_length);
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
  for (size_t i = 0; i < reversed.size(); ++i) reversed[i] = static_cast<int64_t>(i < dims ? dims - 1 - i : i);
  return array.permute(reversed).contiguous();
}

NpyContent read_npy_from(const ReadAt& read, uint64_t file_bytes, std::string_view name) {
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
  return {read_array(read, header, name), header.text_length > 0};
}

torch::Tensor numbers_of(NpyContent content, std::string_view name) {
  if (content.texts) throw bad_file(name, "npy: the array holds texts, expected numbers");
  return std::move(content.values);
}

NpyContent read_npy_bytes(std::string_view bytes, std::string_view name) {
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
  };
  return read_npy_from(read, bytes.size(), name);
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
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> out) { file.read(offset, out); };
  return numbers_of(read_npy_from(read, file.size(), file.path()), file.path());
}

torch::Tensor parse_npy(std::string_view bytes, std::string_view name) {
  return numbers_of(read_npy_bytes(bytes, name), name);
}

NpyContent parse_npy_content(std::string_view bytes, std::string_view name) { return read_npy_bytes(bytes, name); }

std::string serialize_npy(const torch::Tensor& array) {
  const auto host = to_host(array);
  std::string bytes = make_npy_header(host.scalar_type(), host.sizes());
  bytes += text_of(host);
  return bytes;
}

void write_npy(const std::filesystem::path& path, const torch::Tensor& array) {
  write_file_atomically(path, serialize_npy(array));
}

}  // namespace farfield
