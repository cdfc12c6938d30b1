#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace farfield {

// A regular file open for reading at any offset. Const members may be called from several threads.
class InputFile {
 public:
  // io_error when it cannot be opened or is no regular file (a folder, pipe or device); never waits for a writer.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // when it was opened
  // Fills `bytes` from `offset` on; io_error when reading fails, bad_file when the file ends before.
  void read(uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::string path_;
  int descriptor_;
  uint64_t size_ = 0;
};

}  // namespace farfield
