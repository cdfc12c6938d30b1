#include "core/io/gzip.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "core/error.h"
#include "core/io/file.h"

namespace farfield {
namespace {

constexpr uint64_t kBestRatio = 1032;  // of deflate, by construction of the format

}  // namespace

struct GzipFile::Stream {
  Stream(const std::filesystem::path& file, uint64_t limit_bytes)
      : path(file.string()), raw(read_file(file, limit_bytes)) {
    packed = raw.size() >= 2 && raw[0] == '\x1f' && raw[1] == '\x8b';
    constexpr int kGzipWrapper = 16;
    if (packed && inflateInit2(&zlib, MAX_WBITS + kGzipWrapper) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() {
    if (packed) inflateEnd(&zlib);
  }

  // Unpacks into `bytes` until it is full or the stream ends; returns how many bytes came.
  size_t unpack(std::span<std::byte> bytes) {
    size_t filled = 0;
    while (filled < bytes.size() && !ended) {
      constexpr size_t kMost = std::numeric_limits<uInt>::max();
      const size_t room = std::min(bytes.size() - filled, kMost), left = std::min(raw.size() - place, kMost);
      zlib.next_out = reinterpret_cast<Bytef*>(bytes.data() + filled);
      zlib.avail_out = static_cast<uInt>(room);
      zlib.next_in = reinterpret_cast<Bytef*>(raw.data() + place);
      zlib.avail_in = static_cast<uInt>(left);
      const int status = inflate(&zlib, Z_NO_FLUSH);
      place += left - zlib.avail_in;
      filled += room - zlib.avail_out;
      ended = status == Z_STREAM_END;
      if (status == Z_MEM_ERROR) throw std::bad_alloc();
      if (status == Z_BUF_ERROR) throw bad_file(path, "the gzip data ends too early; copy or download it again");
      if (status != Z_OK && status != Z_STREAM_END) {
        throw bad_file(path, fmt::format("damaged gzip data ({}); copy or download it again",
                                         zlib.msg != nullptr ? zlib.msg : "not in gzip format"));
      }
    }
    return filled;
  }

  std::string path, raw;
  size_t place = 0;  // of `raw`, next to be read
  bool packed = false, ended = false;
  z_stream zlib{};
};

GzipFile::GzipFile(const std::filesystem::path& path, uint64_t limit_bytes)
    : stream_(std::make_unique<Stream>(path, limit_bytes)) {}
GzipFile::~GzipFile() = default;

void GzipFile::read(std::span<std::byte> bytes) {
  size_t filled = 0;
  if (stream_->packed) {
    filled = stream_->unpack(bytes);
  } else {
    filled = std::min(bytes.size(), stream_->raw.size() - stream_->place);
    std::memcpy(bytes.data(), stream_->raw.data() + stream_->place, filled);
    stream_->place += filled;
  }
  if (filled == bytes.size()) return;
  throw bad_file(stream_->path,
                 fmt::format("got {} bytes where {} were expected; the file is cut short", filled, bytes.size()));
}

void GzipFile::expect_end() {
  std::byte one[1];
  const bool more = stream_->packed && stream_->unpack(one) > 0;
  if (more || stream_->place != stream_->raw.size()) {
    throw bad_file(stream_->path, "got bytes behind the expected end of the content");
  }
}

uint64_t GzipFile::most_left() const {
  const uint64_t left = stream_->raw.size() - stream_->place;
  return stream_->packed ? (left + 1024) * kBestRatio : left;
}

}  // namespace farfield
