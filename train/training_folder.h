#pragma once

#include <filesystem>
#include <memory>

#include "train/folder_lock.h"

namespace farfield {

// Refuses what may not be written into (usage_error: the folder holds a run and neither resume nor force is given; it is
// no run folder; there is nothing to resume; another run is writing), and leaves an existing, locked folder: empty, or
// that of the run to resume.
std::unique_ptr<FolderLock> take_training_folder(const std::filesystem::path& folder, bool resume, bool force);

// folder / name, made when it is not there; io_error.
std::filesystem::path subfolder(const std::filesystem::path& folder, const char* name);

}  // namespace farfield
