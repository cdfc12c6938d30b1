#include "models/imports/trial.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <limits>

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/interrupts.h"

namespace farfield {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostSaid = 4096;
constexpr char kReturned = '\n';  // comes first from a child whose work came to its end

[[noreturn]] void be_the_child(int pipe, const std::function<std::string()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
    std::signal(signal, SIG_DFL);
  }
  at::set_num_threads(1);  // the pool's other threads do not exist in a child
  std::string said;
  try {
    said = work();
  } catch (...) {
    // It said nothing; whose process this is finds that out.
  }
  said.insert(said.begin(), kReturned);
  said.resize(std::min(said.size(), kMostSaid));
  [[maybe_unused]] const ssize_t written = write(pipe, said.data(), said.size());  // fits into an empty pipe
  _exit(0);
}

// What the child says until it ends; nothing when the time is over or this process is to stop.
std::string listen(int pipe, double seconds, bool& in_time) {
  const auto start = Clock::now();
  std::string said;
  for (;;) {
    constexpr int kLook = 100;  // milliseconds between two looks at the clock and at signals
    pollfd readable{pipe, POLLIN, 0};
    const int ready = poll(&readable, 1, kLook);
    if (ready > 0) {
      char bytes[kMostSaid];
      const ssize_t got = read(pipe, bytes, sizeof(bytes));
      if (got > 0) said.append(bytes, static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR) || said.size() >= kMostSaid) return said;
    }
    in_time = seconds == 0 || std::chrono::duration<double>(Clock::now() - start).count() < seconds;
    if (in_time && !interrupted()) continue;
    return "";
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw io_error("waitpid", errno);
  }
  return status;
}

std::string fault_of(int status, bool in_time, double seconds) {
  if (!in_time) return fmt::format("took more than {:g} s", seconds);
  if (!WIFSIGNALED(status)) return fmt::format("ended its process (exit code {})", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* guess = signal == SIGKILL ? "; out of memory?" : "";
  return fmt::format("crashed (signal {}: {}{})", signal, strsignal(signal), guess);
}

}  // namespace

Trial try_in_child(double seconds, const std::function<std::string()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw io_error("pipe", errno);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    be_the_child(ends[1], work);
  }
  const int error = errno;
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    const ExitCode code = error == ENOMEM || error == EAGAIN ? ExitCode::kMemory : ExitCode::kIo;
    throw Error(code, fmt::format("cannot start a process to try a file in: {}", std::strerror(error)));
  }
  bool in_time = true;
  std::string said = listen(ends[0], seconds, in_time);
  close(ends[0]);
  kill(child, SIGKILL);  // it is at its end, or foreign code closed the pipe and goes on
  const int status = wait_for(child);
  stop_if_interrupted();
  if (!said.empty() && said.front() == kReturned) return {said.substr(1), ""};
  return {"", fault_of(status, in_time, seconds)};
}

}  // namespace farfield
