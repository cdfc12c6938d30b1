#include "tools/sudden_ends.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/run/run_folder.h"
#include "tools/failure.h"

namespace farfield::tools {
namespace {

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGABRT};
struct sigaction before[std::size(kCrashes)];
std::atomic<bool> ours{false};
void* ballast = nullptr;  // so that the last words have memory

void say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void drop_ballast() { std::free(std::exchange(ballast, nullptr)); }

// Without streams and loggers, which may be gone by now, and not for ever: a lock may be held that is never given back.
[[noreturn]] void end_with(ExitCode code, std::string_view message) {
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(5);
  drop_ballast();
  say("error: ");
  say(message);
  say("\n");
  remove_partial_folders();
  _exit(static_cast<int>(code));
}

#ifdef __GLIBC__
void on_exit_of_a_library(int status, void*) {
  if (ours || status != EXIT_FAILURE) return;
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  const std::string size = stack.rlim_cur == RLIM_INFINITY ? ""
                                                           : fmt::format(" with {} KiB of stack", stack.rlim_cur >> 10);
  end_with(ExitCode::kMemory,
           fmt::format("out of memory: a library ended the program, as OpenMP's does when it is refused a "
                       "thread{}; --threads 1 needs none",
                       size));
}
#endif

[[noreturn]] void on_terminate() {
  drop_ballast();
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    end_with(failure.code, failure.message);
  } catch (...) {
    // Nothing that has words.
  }
  std::abort();
}

bool memory_is_short() {
  constexpr size_t kPlenty = size_t{64} << 20;
  void* const block = ::mmap(nullptr, kPlenty, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return true;
  ::munmap(block, kPlenty);
  return false;
}

void on_crash(int number) {
  if (memory_is_short()) {
    end_with(ExitCode::kMemory,
             "out of memory: a library crashed where less than 64 MiB more could be had; a smaller --batch or fewer "
             "--threads need less");
  }
  for (size_t i = 0; i < std::size(kCrashes); ++i) sigaction(kCrashes[i], &before[i], nullptr);
  if (number == SIGABRT) std::raise(number);  // the others happen again
}

}  // namespace

void catch_sudden_ends() {
  static char stack[1 << 16];
  constexpr size_t kBallast = size_t{1} << 18;
  ballast = std::malloc(kBallast);
  remove_partial_folders();  // there are none; what it needs is made before the handlers and outlives them
  std::set_terminate(on_terminate);
#ifdef __GLIBC__
  ::on_exit(on_exit_of_a_library, nullptr);
#endif
  const stack_t apart = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof(stack)};
  sigaltstack(&apart, nullptr);
  struct sigaction action = {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kCrashes); ++i) sigaction(kCrashes[i], &action, &before[i]);
}

void end_is_ours() { ours = true; }

}  // namespace farfield::tools
