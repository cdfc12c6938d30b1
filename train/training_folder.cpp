#include "train/training_folder.h"

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

bool has_saved(const fs::path& folder) { return fs::exists(folder / "checkpoints.json"); }

void require_use(const fs::path& folder, FolderUse use) {
  const std::string shown = folder.string();
  const bool there = fs::exists(folder), resume = use == FolderUse::kResume;
  if (there && !fs::is_directory(folder))
    throw usage_error(fmt::format("{}: exists and is no folder; choose another --out", shown));
  if (!there && resume) {
    throw usage_error(fmt::format("{}: no run to resume (no such folder); leave out --resume to start one", shown));
  }
  if (!there || holds_only_leftovers(folder, std::string(kTrainingKind))) return;
  if (output_kind(folder) != kTrainingKind) {
    throw usage_error(
        resume ? fmt::format("{}: no run to resume (no run.json of one); leave out --resume and choose another --out",
                             shown)
               : fmt::format("{}: exists and is no run folder; choose another --out", shown));
  }
  if (has_saved(folder) && use == FolderUse::kNew) {
    throw usage_error(fmt::format("{}: holds a run; --resume goes on with it, --replace-run replaces it", shown));
  }
}

}  // namespace

TrainingFolder take_training_folder(const fs::path& folder, FolderUse use, const std::vector<fs::path>& inputs) {
  TrainingFolder taken{output_path(folder), nullptr, nullptr};
  tidy_place(taken.path);
  require_use(taken.path, use);
  if (use == FolderUse::kReplace && has_saved(taken.path)) {
    auto files = require_replaceable({taken.path, std::string(kTrainingKind), /*force=*/true, inputs});
    taken.replaced = std::make_unique<MovedAside>(taken.path, std::move(files));
  }
  std::error_code error;
  fs::create_directories(taken.path, error);
  if (error && !fs::is_directory(taken.path)) {
    throw io_error(fmt::format("{}: cannot make the run folder", taken.path.string()), error.value());
  }
  taken.path = fs::canonical(taken.path);
  taken.lock = std::make_unique<FolderLock>(taken.path);
  return taken;
}

fs::path subfolder(const fs::path& folder, const char* name) {
  std::error_code error;
  fs::create_directories(folder / name, error);
  if (error) throw io_error(fmt::format("{}: cannot make the folder", (folder / name).string()), error.value());
  return folder / name;
}

}  // namespace farfield
