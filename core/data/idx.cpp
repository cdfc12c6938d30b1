#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "core/data/readers.h"
#include "core/error.h"
#include "core/io/gzip.h"
#include "core/io/wrong_file.h"
#include "core/limits.h"

// MNIST and its kin: idx files as described at the end of http://yann.lecun.com/exdb/mnist.
namespace farfield {
namespace fs = std::filesystem;
namespace {

uint32_t read_big_endian(GzipFile& file) {
  std::array<std::byte, 4> bytes;
  file.read(bytes);
  uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | static_cast<uint32_t>(byte);
  return value;
}

// An idx file of bytes with `dims` dimensions; the sizes are checked against what the file can hold first.
torch::Tensor read_idx(const fs::path& path, int dims) {
  GzipFile file(path);
  const uint32_t magic = read_big_endian(file), expected = 0x800 + static_cast<uint32_t>(dims);
  if (magic != expected) {
    throw bad_file(path.string(), fmt::format("got magic number {:#x}, expected {:#x} (idx, unsigned bytes, {} "
                                              "dimensions)",
                                              magic, expected, dims));
  }
  std::vector<int64_t> shape;
  uint64_t bytes = 1;
  for (int i = 0; i < dims; ++i) {
    const uint32_t size = read_big_endian(file);
    if (size == 0 || bytes > limits::kMostBytes / size) {
      throw bad_file(path.string(), fmt::format("got size {} in dimension {}, expected 1 or more and at most {} "
                                                "bytes in all",
                                                size, i, limits::kMostBytes));
    }
    shape.push_back(size);
    bytes *= size;
  }
  if (bytes > file.most_left()) {
    throw bad_file(path.string(), fmt::format("the header promises {} bytes, more than the file can hold", bytes));
  }
  auto data = torch::empty(shape, torch::kUInt8);
  file.read({static_cast<std::byte*>(data.data_ptr()), bytes});
  file.expect_end();
  return data;
}

torch::Tensor read_named_idx(const fs::path& path, int dims) {
  return read_as(FileKind::kIdx, path, [&] { return read_idx(path, dims); });
}

// "DIR/train-images-idx3-ubyte" in any of its usual spellings.
fs::path find_idx(const fs::path& folder, const std::string& stem, int dims) {
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = folder / fmt::format("{}{}idx{}-ubyte{}", stem, separator, dims, ending);
      if (fs::exists(path)) return path;
    }
  }
  throw io_error(
      fmt::format("no {}-idx{}-ubyte or {}-idx{}-ubyte.gz in '{}'", stem, dims, stem, dims, folder.string()));
}

torch::Tensor pad_to(const torch::Tensor& images, int64_t side, const SourceRequest& request) {
  const int64_t rows = images.size(2), columns = images.size(3);
  if (side < rows || side < columns) {
    throw usage_error(fmt::format("data source '{}', option pad: got {}, expected at least the images' {} x {}",
                                  request.text(), side, rows, columns));
  }
  auto padded = torch::zeros({images.size(0), 1, side, side}, torch::kUInt8);
  padded.narrow(2, (side - rows) / 2, rows).narrow(3, (side - columns) / 2, columns).copy_(images);
  return padded;
}

}  // namespace

RawSamples read_mnist(const SourceRequest& request) {
  const fs::path folder = request.path();
  const std::string stem = request.choice("split", "train", {"train", "test"}) == "train" ? "train" : "t10k";
  RawSamples raw;
  raw.samples = read_named_idx(find_idx(folder, stem + "-images", 3), 3).unsqueeze(1);
  if (request.has("pad")) raw.samples = pad_to(raw.samples, request.integer("pad", 32, 1, 1024), request);
  if (!request.wants_labels()) return raw;
  const fs::path path = find_idx(folder, stem + "-labels", 1);
  raw.labels = read_named_idx(path, 1).to(torch::kInt64);
  if (raw.labels.size(0) != raw.samples.size(0)) {
    throw bad_file(path.string(), fmt::format("got {} labels for {} images", raw.labels.size(0), raw.samples.size(0)));
  }
  raw.label_dim = raw.labels.max().item<int64_t>() + 1;
  return raw;
}

}  // namespace farfield
