#include "core/io/system_calls.h"

#include <fcntl.h>
#include <unistd.h>
#include <cstdio>

namespace farfield {

SystemCalls SystemCalls::real() {
  return {[](const char* path, int flags, mode_t mode) {
    return ::open(path, flags, mode);
  }, ::write, ::fsync, ::close, ::rename, ::unlink};
}

SystemCalls& system_calls() {
  static SystemCalls calls = SystemCalls::real();
  return calls;
}

}  // namespace farfield
