#include "core/error.h"

#include <cerrno>
#include <cstring>

namespace farfield {

Error usage_error(const std::string& message) { return {ExitCode::kUsage, message}; }

Error bad_file(std::string_view path, const std::string& message) {
  return {ExitCode::kBadFile, std::string(path) + ": " + message};
}

Error numeric_error(const std::string& message) { return {ExitCode::kNumeric, message}; }

Error io_error(const std::string& message) { return {ExitCode::kIo, message}; }

Error io_error(const std::string& message, int error_number) {
  return {error_number == ENOMEM ? ExitCode::kMemory : ExitCode::kIo, message + ": " + std::strerror(error_number)};
}

void check(bool condition, std::string_view broken_promise) {
  if (!condition) throw Error(ExitCode::kBug, "internal error: " + std::string(broken_promise));
}

}  // namespace farfield
