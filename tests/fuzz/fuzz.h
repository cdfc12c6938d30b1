#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"

namespace farfield::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A file in memory, for readers that take paths.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// The one promise of every parser: it reads its input, or refuses it with an Error of the `refusal` kind.
template <class Read>
int read_or_refuse(Read&& read, ExitCode refusal = ExitCode::kBadFile) {
  try {
    read();
  } catch (const Error& error) {
    if (error.code() != refusal) {
      std::fprintf(stderr, "refused as %d: %s\n", static_cast<int>(error.code()), error.what());
      std::abort();
    }
  }
  return 0;
}

}  // namespace farfield::fuzz
