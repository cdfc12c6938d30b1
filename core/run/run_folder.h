#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/folder_lock.h"
#include "core/run/replaceable.h"
#include "core/run/run_info.h"

namespace farfield {

// An output that was moved aside, to `.NAME.old-PID` beside its place, until what replaces it stands. A process that dies
// in between leaves it there; tidy_place() puts it back.
class MovedAside {
 public:
  // `files`: what require_replaceable() said the output is made of. io_error when it cannot be moved.
  MovedAside(const std::filesystem::path& target, std::vector<std::string> files);
  // Puts it back when nothing has taken its place, else leaves it and says where it is; unless it was removed.
  ~MovedAside();
  MovedAside(const MovedAside&) = delete;
  MovedAside& operator=(const MovedAside&) = delete;

  // Removes `files` and the folders that are empty then; whatever else has appeared stays, with a warning that names it.
  void remove();

 private:
  std::filesystem::path target_, aside_;
  std::vector<std::string> files_;
  std::unique_ptr<FolderLock> lock_;
  bool removed_ = false;
};

// What processes that died left beside `target`: partial folders (`.NAME.partial-PID`) are removed, an output that was
// moved aside (`.NAME.old-PID`) is put back where nothing stands at `target`, and named in a warning elsewhere. Those of
// living processes stay.
void tidy_place(const std::filesystem::path& target);

// The absolute, normal form of --out: "runs/a/" is "runs/a". usage_error for an empty one.
std::filesystem::path output_path(const std::filesystem::path& target);

// Removes the partial folders of this process: for an end that runs no destructors.
void remove_partial_folders() noexcept;

// The folder of one run's output. Everything is written into a hidden sibling `.NAME.partial-PID`; commit() renames
// it to its place, so that a run that fails or is stopped leaves nothing behind, and a finished folder is whole.
class RunFolder {
 public:
  // usage_error when require_replaceable() objects, io_error when the parent cannot be written.
  explicit RunFolder(OutputRequest request);
  ~RunFolder();  // removes what was not committed
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  // A file to be. io_error when another process has put something else in the place of the partial folder.
  std::filesystem::path path(std::string_view name) const;
  const std::filesystem::path& target() const { return request_.target; }
  // Writes run.json: `info`, the `kind` of the output, and its `files` (name, bytes). Then the folder takes its place,
  // once more only if require_replaceable() allows it; what it replaces is removed afterwards. Where it cannot, the error
  // says where the result is kept.
  void commit(RunInfo info);

 private:
  void take_place();
  std::filesystem::path keep_elsewhere();

  OutputRequest request_;
  std::filesystem::path staging_;
  std::unique_ptr<FolderLock> lock_;
  bool committed_ = false;
};

}  // namespace farfield
