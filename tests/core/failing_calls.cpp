#include "tests/core/failing_calls.h"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace farfield::test {
namespace {

CallFault armed;
long seen = 0;
bool counting = false;

// Whether this call is to fail; errno is set then.
bool fails() {
  if (!counting || seen++ != armed.at) return false;
  if (armed.error == 0) kill(getpid(), SIGKILL);
  errno = armed.error;
  return true;
}

int call(long number, auto... arguments) { return fails() ? -1 : static_cast<int>(syscall(number, arguments...)); }

mode_t mode_of(int flags, va_list list) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0; }

}  // namespace

void arm_calls(const CallFault& fault) {
  armed = fault;
  seen = 0;
  counting = true;
}

long calls_seen() { return seen; }

}  // namespace farfield::test

// In the place of the C library's, for the program and the libraries that it loads.
using farfield::test::call;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = farfield::test::mode_of(flags, list);
  va_end(list);
  return call(SYS_openat, AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = farfield::test::mode_of(flags, list);
  va_end(list);
  return call(SYS_openat, folder, path, flags, mode);
}
ssize_t write(int descriptor, const void* bytes, size_t count) {
  return farfield::test::fails() ? -1 : syscall(SYS_write, descriptor, bytes, count);
}
int fsync(int descriptor) { return call(SYS_fsync, descriptor); }
int rename(const char* from, const char* to) noexcept { return call(SYS_rename, from, to); }
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return call(SYS_renameat, from_folder, from, to_folder, to);
}
int unlink(const char* path) noexcept { return call(SYS_unlink, path); }
int unlinkat(int folder, const char* path, int flags) noexcept { return call(SYS_unlinkat, folder, path, flags); }
int rmdir(const char* path) noexcept { return call(SYS_rmdir, path); }
int mkdir(const char* path, mode_t mode) noexcept { return call(SYS_mkdir, path, mode); }
int mkdirat(int folder, const char* path, mode_t mode) noexcept { return call(SYS_mkdirat, folder, path, mode); }

}  // extern "C"
