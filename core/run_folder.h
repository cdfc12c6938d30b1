#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace farfield {

// The folder of one run's output. Everything is written into a hidden sibling `.NAME.partial-PID`; commit() renames
// it to its place, so that a run that fails or is stopped leaves nothing behind, and a finished folder is whole.
class RunFolder {
 public:
  // io_error when the parent cannot be written; usage_error when `target` exists and `force` is false. With `force`
  // the old folder is replaced at commit(), but only if it is one of ours (holds run.json) or empty.
  RunFolder(const std::filesystem::path& target, bool force);
  ~RunFolder();  // removes what was not committed
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  std::filesystem::path path(std::string_view name) const;  // a file to be
  const std::filesystem::path& target() const { return target_; }
  void commit();

 private:
  std::filesystem::path target_, staging_;
  bool force_, committed_ = false;
};

}  // namespace farfield
