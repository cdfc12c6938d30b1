#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// Read access to a zip archive in which nothing is ever extracted to disk. Opening checks the directory: unique,
// relative names without "..", no symbolic links, no encryption, stored or deflated, sizes within the file's,
// compression ratios at most 1000 (bad_file otherwise; io_error when the file cannot be read).
class ZipReader {
 public:
  explicit ZipReader(const std::filesystem::path& path);
  // The same, but members that could not be read (encrypted, of another method, of sizes beyond these limits) are refused
  // when they are read: they block no other.
  static ZipReader with_unreadable(const std::filesystem::path& path);
  ~ZipReader();
  ZipReader(ZipReader&&) noexcept;

  const std::vector<std::string>& names() const;  // files only, sorted
  uint64_t size(std::string_view name) const;     // uncompressed bytes
  // One member, checked against its CRC; bad_file when damaged, absent or above the limit. Not safe to call from several
  // threads at once.
  std::string read(std::string_view name, uint64_t limit_bytes = uint64_t{1} << 32) const;

 private:
  struct Archive;
  explicit ZipReader(std::unique_ptr<Archive> archive);
  std::unique_ptr<Archive> archive_;
};

}  // namespace farfield
