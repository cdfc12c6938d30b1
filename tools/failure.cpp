#include "tools/failure.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/printable.h"
#include "core/run/run_folder.h"
#include "core/text.h"
#include "core/want_of_memory.h"

namespace farfield::tools {
namespace {

std::atomic<bool> ours{false};

void say(std::string_view text) { [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size()); }

// Without streams and loggers, which may be gone by now.
[[noreturn]] void end_with(const Failure& failure) {
  remove_partial_folders();
  say("error: ");
  say(failure.message);
  say("\n");
  _exit(static_cast<int>(failure.code));
}

#ifdef __GLIBC__
void on_exit_of_a_library(int status, void*) {
  if (ours || status != EXIT_FAILURE) return;
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  const std::string size = stack.rlim_cur == RLIM_INFINITY ? "" : fmt::format(" of {} KiB of stack", stack.rlim_cur >> 10);
  end_with({ExitCode::kMemory, fmt::format("out of memory: a library ended the program, as OpenMP's does when it is refused a "
                                           "thread{}; --threads 1 needs none", size)});
}
#endif

[[noreturn]] void on_terminate() {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    end_with(failure_of(error));
  } catch (...) {
  }
  std::abort();
}

}  // namespace

Failure failure_of(const std::exception& error) {
  if (const auto* known = dynamic_cast<const Error*>(&error)) return {known->code(), known->what()};
  try {
    if (is_want_of_memory(error)) return {ExitCode::kMemory, describe_want_of_memory(error)};
  } catch (const std::bad_alloc&) {
    return {ExitCode::kMemory, "out of memory"};
  }
  if (const auto* path = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) return {ExitCode::kIo, path->what()};
  if (const auto* refused = dynamic_cast<const std::system_error*>(&error)) {  // of printing results
    return {ExitCode::kIo, "results could not be written to standard output: " + refused->code().message()};
  }
  if (const auto* of_torch = dynamic_cast<const c10::Error*>(&error)) {
    return {ExitCode::kBug, "LibTorch: " + join(split(of_torch->what_without_backtrace(), '\n'), kNextLine)};
  }
  return {ExitCode::kBug, error.what()};
}

void catch_sudden_ends() {
  remove_partial_folders();  // there are none; what it needs is made before the handlers and outlives them
  std::set_terminate(on_terminate);
#ifdef __GLIBC__
  ::on_exit(on_exit_of_a_library, nullptr);
#endif
}

void end_is_ours() { ours = true; }

}  // namespace farfield::tools
