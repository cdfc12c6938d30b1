#include "core/run_folder.h"

#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

bool replaceable(const fs::path& folder) {
  return fs::is_directory(folder) && (fs::is_empty(folder) || fs::exists(folder / "run.json"));
}

fs::path normal(const fs::path& target) {
  if (target.empty()) throw usage_error("--out: an empty path; name a folder to be made");
  fs::path absolute = fs::absolute(target).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();  // "runs/a/" is "runs/a"
}

}  // namespace

RunFolder::RunFolder(const fs::path& target, bool force) : target_(normal(target)), force_(force) {
  std::error_code problem;
  const auto status = fs::symlink_status(target_, problem);
  if (fs::exists(status)) {
    if (!force) {
      throw usage_error(fmt::format("{}: exists already; name another --out or add --force", target_.string()));
    }
    if (!replaceable(target_)) {
      throw usage_error(fmt::format("{}: is no run folder of farfield (no run.json); --force does not replace it",
                                    target_.string()));
    }
  }
  staging_ = target_.parent_path() / fmt::format(".{}.partial-{}", target_.filename().string(), getpid());
  fs::create_directories(target_.parent_path(), problem);
  if (!problem) fs::remove_all(staging_, problem);
  if (!problem) fs::create_directory(staging_, problem);
  if (problem) throw io_error(fmt::format("{}: cannot be made: {}", staging_.string(), problem.message()));
}

RunFolder::~RunFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

fs::path RunFolder::path(std::string_view name) const { return staging_ / name; }

void RunFolder::commit() {
  const fs::path old = target_.parent_path() / fmt::format(".{}.old-{}", target_.filename().string(), getpid());
  std::error_code problem;
  const bool replace = fs::exists(target_);
  if (replace && !force_) {
    throw usage_error(fmt::format("{}: appeared while this run was working; name another --out", target_.string()));
  }
  if (replace) fs::rename(target_, old, problem);
  if (!problem) fs::rename(staging_, target_, problem);
  if (problem) {
    std::error_code ignored;
    if (replace) fs::rename(old, target_, ignored);
    throw io_error(fmt::format("{}: cannot be put in place: {}", target_.string(), problem.message()));
  }
  committed_ = true;
  std::error_code ignored;
  if (replace) fs::remove_all(old, ignored);
}

}  // namespace farfield
