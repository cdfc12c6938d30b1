#include "core/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <mutex>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/input_file.h"
#include "core/io/system_calls.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".tmp.";

// Calls until it is not interrupted; the result is negative on failure, with errno.
template <class Call>
auto retry_interrupted(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

[[noreturn]] void fail(const fs::path& path, int error_number) {
  throw io_error("cannot write " + path.string(), error_number);
}

// What `path` names in the end: links followed, and refused unless it is a regular file or nothing yet. (Renaming
// onto a device would replace it.)
fs::path resolve_target(const fs::path& path) {
  fs::path target = path;
  struct stat status{};
  for (int followed = 0; ::lstat(target.c_str(), &status) == 0 && S_ISLNK(status.st_mode); ++followed) {
    constexpr int kMostLinks = 40;
    if (followed == kMostLinks) fail(path, ELOOP);
    std::error_code error;
    const fs::path next = fs::read_symlink(target, error);
    if (error) fail(path, error.value());
    target = target.parent_path() / next;
  }
  if (::stat(target.c_str(), &status) != 0) {
    if (errno != ENOENT) fail(path, errno);
  } else if (!S_ISREG(status.st_mode)) {
    throw io_error("cannot write " + path.string() +
                   (S_ISDIR(status.st_mode) ? ": it is a folder, not a file" : ": it is not a regular file"));
  }
  return target;
}

// A file under construction; removed again unless it was renamed to its place.
class Temporary {
 public:
  explicit Temporary(const fs::path& target)
      : target_(target), name_(fmt::format("{}{}{}", target.string(), kTemporaryMark, ::getpid())) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const auto open = [&] {
      return retry_interrupted([&] { return system_calls().open(name_.c_str(), kFlags, 0666); });
    };
    descriptor_ = open();
    // Left by a dead process that had our number: containers reuse small numbers all the time.
    if (descriptor_ < 0 && errno == EEXIST && system_calls().unlink(name_.c_str()) == 0) descriptor_ = open();
    if (descriptor_ < 0) fail(target_, errno);
  }
  ~Temporary() {
    if (descriptor_ >= 0) system_calls().close(descriptor_);
    if (!renamed_) system_calls().unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = retry_interrupted(
          [&] { return system_calls().write(descriptor_, bytes.data(), bytes.size()); });
      if (written < 0) fail(target_, errno);
      if (written == 0) fail(target_, ENOSPC);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }

  void put_in_place() {
    if (retry_interrupted([&] { return system_calls().fsync(descriptor_); }) != 0) fail(target_, errno);
    // EINTR: Linux has closed it, and the data are on the disk already.
    if (system_calls().close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail(target_, errno);
    if (retry_interrupted([&] { return system_calls().rename(name_.c_str(), target_.c_str()); }) != 0) {
      fail(target_, errno);
    }
    renamed_ = true;
  }

 private:
  fs::path target_;
  std::string name_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

void sync_folder(const fs::path& file) {
  const fs::path parent = file.parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const auto failed = [&](int error_number) {
    return io_error(
        fmt::format("{} was written, but may not survive a power loss: fsync of folder {}", file.string(), folder),
        error_number);
  };
  const int descriptor = retry_interrupted(
      [&] { return system_calls().open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (descriptor < 0) throw failed(errno);
  const int result = retry_interrupted([&] { return system_calls().fsync(descriptor); });
  const int error_number = errno;
  system_calls().close(descriptor);
  // EINVAL: a file system that has no fsync of folders.
  if (result != 0 && error_number != EINVAL) throw failed(error_number);
}

// The process number at the end of a temporary's name, 0 when `name` is none.
pid_t owner_of_temporary(const std::string& name) {
  const size_t mark = name.rfind(kTemporaryMark);
  if (mark == std::string::npos || mark == 0) return 0;
  const std::string digits = name.substr(mark + kTemporaryMark.size());
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  return static_cast<pid_t>(std::stol(digits));
}

}  // namespace

void write_file_atomically(const fs::path& path, const TextParts& parts) {
  static std::mutex one_writer;  // two threads with one path would share a temporary
  const std::lock_guard lock(one_writer);
  const fs::path target = resolve_target(path);
  {
    Temporary file(target);
    parts([&](std::string_view part) { file.write(std::as_bytes(std::span(part))); });
    file.put_in_place();
  }
  sync_folder(target);
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, TextParts([&](const auto& take) { take(text); }));
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  write_file_atomically(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string read_file(const fs::path& path, uint64_t limit_bytes) {
  const InputFile file(path);
  if (file.size() > limit_bytes) {
    throw bad_file(file.path(), fmt::format("{} bytes, more than the limit of {}", file.size(), limit_bytes));
  }
  std::string bytes(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

void remove_stale_temporaries(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!fs::is_regular_file(entry->symlink_status(ignored))) continue;
    const pid_t owner = owner_of_temporary(entry->path().filename().string());
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) system_calls().unlink(entry->path().c_str());
  }
}

}  // namespace farfield
