// A working folder that was deleted is an input/output error (exit 5). It must be found before the libraries start: the
// MKL inside LibTorch looks itself up from there while it is loaded, and ends the process with a message of its own.
#include <cerrno>
#include <climits>
#include <string_view>

#include <unistd.h>

#include "core/error.h"

namespace {

void require_working_folder(int, char**, char**) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof(path)) != nullptr || errno != ENOENT) return;
  constexpr std::string_view kMessage = "error: the working folder was deleted; change to one that is there\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage.data(), kMessage.size());
  _exit(static_cast<int>(farfield::ExitCode::kIo));
}

// Run by the loader before any library's own start.
[[gnu::used, gnu::section(".preinit_array")]] void (*const kFirst)(int, char**, char**) = require_working_folder;

}  // namespace
