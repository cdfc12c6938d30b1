#include "train/training_folder.h"

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace fs = std::filesystem;

std::unique_ptr<FolderLock> take_training_folder(const fs::path& folder, bool resume, bool force) {
  const bool ours = fs::exists(folder / "run.json");
  if (resume && !ours) {
    throw usage_error(fmt::format("{}: no run to resume (no run.json); leave out --resume to start one", folder.string()));
  }
  if (fs::exists(folder) && !ours && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    throw usage_error(fmt::format("{}: exists and is no run folder; choose another --out", folder.string()));
  }
  if (ours && !resume && !force) {
    throw usage_error(fmt::format("{}: holds a run; --resume goes on with it, --force replaces it", folder.string()));
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw io_error(fmt::format("{}: cannot make the run folder", folder.string()), error.value());
  auto lock = std::make_unique<FolderLock>(folder);
  if (!resume) {
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
  }
  return lock;
}

fs::path subfolder(const fs::path& folder, const char* name) {
  std::error_code error;
  fs::create_directories(folder / name, error);
  if (error) throw io_error(fmt::format("{}: cannot make the folder", (folder / name).string()), error.value());
  return folder / name;
}

}  // namespace farfield
