#include "core/run/run_folder.h"

#include <cerrno>
#include <csignal>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/io/system_calls.h"
#include "core/log.h"
#include "core/want_of_memory.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

constexpr const char *kPartial = "partial", *kOld = "old";

fs::path beside(const fs::path& target, const char* what, pid_t process) {
  return target.parent_path() / fmt::format(".{}.{}-{}", target.filename().string(), what, process);
}

void rename_folder(const fs::path& from, const fs::path& to) {
  if (system_calls().rename(from.c_str(), to.c_str()) != 0) {
    throw io_error(fmt::format("{}: cannot be put in place", to.string()), errno);
  }
}

// Lives no process that could still own this folder? A lock tells on one machine, also where numbers are used again; the
// number tells of a process that has made its folder and not locked it yet.
bool is_abandoned(const fs::path& folder, pid_t owner) {
  if (owner != getpid() && (::kill(owner, 0) == 0 || errno != ESRCH)) return false;
  try {
    const FolderLock lock(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The process number of `.NAME.WHAT-PID`; 0 when `name` is none.
pid_t owner_of(const std::string& name, const fs::path& target, const char* what) {
  const std::string head = fmt::format(".{}.{}-", target.filename().string(), what);
  if (!name.starts_with(head)) return 0;
  const std::string digits = name.substr(head.size());
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  return static_cast<pid_t>(std::stol(digits));
}

void put_back_or_name(const fs::path& old, const fs::path& target) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error))) {
    log::warning(
        fmt::format("{}: an earlier output lies in {}, left by a run that was killed while it replaced it; "
                    "remove it when you need it no more",
                    target.string(), old.string()));
  } else if (fs::rename(old, target, error); !error) {
    log::warning(fmt::format("{}: was moved aside by a run that was killed; it is back", target.string()));
  }
}

// The partial folders of this process.
std::set<fs::path>& partial_folders() {
  static std::set<fs::path> folders;
  return folders;
}

// Memory to remove a folder with (to look into one takes 32 KiB), also where there is none left.
std::unique_ptr<char[]>& reserve() {
  static std::unique_ptr<char[]> bytes;
  return bytes;
}

// Where even this fails the next run in that place tries again.
void remove_quietly(const fs::path& folder) noexcept {
  reserve().reset();
  try {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  } catch (const std::bad_alloc&) {
    // See above.
  }
}

// Makes the folder itself, where nothing is yet, and locks it: a link that appears meanwhile is an error, never followed.
std::unique_ptr<FolderLock> make_staging(const fs::path& staging) {
  if (::mkdirat(AT_FDCWD, staging.c_str(), 0777) != 0) {
    throw io_error(fmt::format("{}: cannot be made", staging.string()), errno);
  }
  try {
    auto lock = std::make_unique<FolderLock>(staging);
    if (lock->is_at(staging)) return lock;
    throw io_error(fmt::format("{}: another process has put a link in its place", staging.string()));
  } catch (...) {
    ::rmdir(staging.c_str());  // ours is empty; anything else stays
    throw;
  }
}

ExitCode code_of(const std::exception& error) {
  if (const auto* known = dynamic_cast<const Error*>(&error)) return known->code();
  return is_want_of_memory(error) ? ExitCode::kMemory : ExitCode::kIo;
}

}  // namespace

MovedAside::MovedAside(const fs::path& target, std::vector<std::string> files)
    : target_(target),
      aside_(beside(target, kOld, getpid())),
      files_(std::move(files)),
      lock_(std::make_unique<FolderLock>(target)) {
  rename_folder(target_, aside_);
}

MovedAside::~MovedAside() {
  if (removed_) return;
  if (::rename(aside_.c_str(), target_.c_str()) == 0) return;  // fails on anything but an empty folder
  try {
    log::warning(fmt::format("the earlier {} is kept as {}", target_.string(), aside_.string()));
  } catch (const std::bad_alloc&) {
    // Kept, if without a word.
  }
}

void MovedAside::remove() {
  removed_ = true;
  std::set<fs::path, std::greater<>> folders = {aside_};  // the deepest first
  for (const auto& name : files_) {
    ::unlink((aside_ / name).c_str());
    for (fs::path folder = (aside_ / name).parent_path(); folder != aside_; folder = folder.parent_path())
      folders.insert(folder);
  }
  std::error_code error;
  for (fs::directory_iterator entry(aside_, error), end; !error && entry != end; entry.increment(error)) {
    folders.insert(entry->path());  // rmdir spares all but empty folders
  }
  for (const auto& folder : folders) ::rmdir(folder.c_str());
  if (fs::exists(aside_, error)) {
    log::warning(fmt::format("{}: holds files that appeared while it was replaced; they stay there", aside_.string()));
  }
}

void remove_partial_folders() noexcept {
  reserve().reset();
  for (const auto& folder : partial_folders()) remove_quietly(folder);
}

void tidy_place(const fs::path& target) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(target.parent_path(), error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (fs::is_directory(entry->symlink_status(ignored))) entries.push_back(entry->path());
  }
  for (const auto& entry : entries) {
    const std::string name = entry.filename().string();
    if (const pid_t owner = owner_of(name, target, kPartial); owner > 0 && is_abandoned(entry, owner)) {
      std::error_code ignored;
      fs::remove_all(entry, ignored);
    }
    if (const pid_t owner = owner_of(name, target, kOld); owner > 0 && is_abandoned(entry, owner))
      put_back_or_name(entry, target);
  }
}

fs::path output_path(const fs::path& target) {
  if (target.empty()) throw usage_error("--out: an empty path; name a folder to be made");
  fs::path absolute = fs::absolute(target).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

RunFolder::RunFolder(OutputRequest request) : request_(std::move(request)) {
  request_.target = output_path(request_.target);
  std::error_code problem;
  fs::create_directories(request_.target.parent_path(), problem);
  if (problem)
    throw io_error(fmt::format("{}: cannot be made", request_.target.parent_path().string()), problem.value());
  tidy_place(request_.target);
  require_replaceable(request_);
  staging_ = beside(request_.target, kPartial, getpid());
  constexpr size_t kReserve = size_t{1} << 16;
  reserve() = std::make_unique<char[]>(kReserve);
  const auto entry = partial_folders().insert(staging_).first;
  try {
    lock_ = make_staging(staging_);
  } catch (...) {
    partial_folders().erase(entry);  // there is none of ours
    throw;
  }
}

RunFolder::~RunFolder() {
  if (!committed_ && lock_ && lock_->is_at(staging_)) remove_quietly(staging_);
  partial_folders().erase(staging_);
}

fs::path RunFolder::path(std::string_view name) const {
  if (!lock_->is_at(staging_)) {
    throw io_error(fmt::format("{}: another process has put something else in its place", staging_.string()));
  }
  return staging_ / name;
}

void RunFolder::commit(RunInfo info) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const auto& file : files_of(staging_)) files.push_back({{"name", file.name}, {"bytes", file.bytes}});
  info.add_text("kind", request_.kind);
  info.add("files", dump_json(files));
  info.write(path("run.json"));
  try {
    take_place();
  } catch (const std::exception& error) {
    if (committed_) throw;  // it stands, only what it replaced could not be removed
    const std::string reason = is_want_of_memory(error) ? describe_want_of_memory(error) : error.what();
    throw Error(code_of(error), fmt::format("{}; the result is kept in {}", reason, keep_elsewhere().string()));
  }
}

void RunFolder::take_place() {
  auto old = require_replaceable(request_);
  std::unique_ptr<MovedAside> replaced;
  if (!old.empty()) replaced = std::make_unique<MovedAside>(request_.target, std::move(old));
  rename_folder(staging_, request_.target);
  committed_ = true;
  if (replaced) replaced->remove();
}

fs::path RunFolder::keep_elsewhere() {
  const fs::path kept = fmt::format("{}-{}", request_.target.string(), getpid());
  committed_ = true;
  return ::rename(staging_.c_str(), kept.c_str()) == 0 ? kept : staging_;
}

}  // namespace farfield
