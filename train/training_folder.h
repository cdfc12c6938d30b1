#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/run/run_folder.h"

namespace farfield {

// What is to happen with a run that the folder holds already.
enum class FolderUse {
  kNew,      // there may be none
  kResume,   // it goes on
  kReplace,  // it is moved aside, and removed when the new run has saved its first state
};

struct TrainingFolder {
  std::filesystem::path path;  // links resolved: a run is written through a link to its folder
  std::unique_ptr<FolderLock> lock;
  std::unique_ptr<MovedAside> replaced;  // with kReplace, where there was a run
};

// Refuses what may not be written into (usage_error: it holds something else than a training run, or a run and `use` is
// kNew; there is nothing to resume; another run is writing; require_replaceable() objects), and leaves an existing, locked
// folder: empty, or that of the run to resume. What a process left that died or found a full disk before it had saved
// anything (temporaries, empty sub-folders, a run.json and logs without a checkpoint) counts as empty with every use.
// `inputs`: see OutputRequest.
TrainingFolder take_training_folder(const std::filesystem::path& folder, FolderUse use,
                                    const std::vector<std::filesystem::path>& inputs);

// folder / name, made when it is not there; io_error.
std::filesystem::path subfolder(const std::filesystem::path& folder, const char* name);

}  // namespace farfield
