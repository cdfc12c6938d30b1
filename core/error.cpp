#include "core/error.h"

#include <cerrno>
#include <cstring>

#include <c10/util/Exception.h>

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

std::string words_of(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  return of_torch != nullptr ? of_torch->what_without_backtrace() : error.what();
}

void check(bool condition, std::string_view broken_promise) {
  if (!condition) throw Error(ExitCode::kBug, "internal error: " + std::string(broken_promise));
}

}  // namespace farfield
