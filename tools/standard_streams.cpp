#include "tools/standard_streams.h"

#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/log.h"

namespace farfield::tools {

void guard_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Open takes the lowest free number. A closed standard output comes back read-only: writing to it still fails.
  while (fcntl(STDERR_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 || fcntl(STDIN_FILENO, F_GETFD) < 0) {
    if (open("/dev/null", O_RDONLY) < 0) return;
  }
}

int flush_results(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (code != 0) return code;
  const Error failure = io_error("results could not be written to standard output", errno != 0 ? errno : EIO);
  log::error(failure.what());
  return static_cast<int>(failure.code());
}

}  // namespace farfield::tools
