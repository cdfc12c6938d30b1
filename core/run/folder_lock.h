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

  // Whether `folder` still names the folder that is held, and no link or other folder in its place.
  bool is_at(const std::filesystem::path& folder) const;

 private:
  int descriptor_;
};

}  // namespace farfield
