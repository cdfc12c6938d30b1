#include "core/run/folder_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace farfield {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw io_error(fmt::format("{}: cannot open the run folder", folder.string()), errno);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  close(descriptor_);
  if (reason == EWOULDBLOCK) {
    throw usage_error(fmt::format("{}: another run is writing into this folder; wait for it or choose another --out",
                                  folder.string()));
  }
  throw io_error(fmt::format("{}: cannot lock the run folder", folder.string()), reason);
}

bool FolderLock::is_at(const std::filesystem::path& folder) const {
  struct stat held{}, named{};
  return fstat(descriptor_, &held) == 0 && lstat(folder.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

FolderLock::~FolderLock() { close(descriptor_); }

}  // namespace farfield
