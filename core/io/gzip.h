#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace farfield {

// The content of a file, unpacked on the fly when it begins as a gzip file does (RFC 1952, one member). It unpacks
// what is asked for and no more, so that a small file cannot fill the memory.
class GzipFile {
 public:
  // io_error when it cannot be read, bad_file beyond `limit_bytes` on disk.
  explicit GzipFile(const std::filesystem::path& path, uint64_t limit_bytes = uint64_t{1} << 36);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  // The next bytes; bad_file when the content ends before or is damaged.
  void read(std::span<std::byte> bytes);
  // bad_file unless the content ends here, with gzip's checksum right and nothing behind it.
  void expect_end();
  // No more than this many bytes can be left: what is on disk, times deflate's best ratio when packed.
  uint64_t most_left() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace farfield
