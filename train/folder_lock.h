#pragma once

#include <filesystem>

namespace farfield {

// Held while a run writes into its folder; gone with the process, however that ends.
class FolderLock {
 public:
  // usage_error when another process holds it, io_error when the folder cannot be opened.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace farfield
