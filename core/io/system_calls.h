#pragma once

#include <cstddef>
#include <functional>

#include <sys/types.h>

namespace farfield {

// The system calls every writer goes through, with the C library's signatures and errno. Tests replace members to
// fail the k-th call, to cut writes short or to record the order; nothing else assigns to them.
struct SystemCalls {
  std::function<int(const char* path, int flags, mode_t mode)> open;
  std::function<ssize_t(int descriptor, const void* bytes, size_t count)> write;
  std::function<int(int descriptor)> fsync;
  std::function<int(int descriptor)> close;
  std::function<int(const char* from, const char* to)> rename;
  std::function<int(const char* path)> unlink;

  static SystemCalls real();
};

// The table in use, one a process.
SystemCalls& system_calls();

}  // namespace farfield
