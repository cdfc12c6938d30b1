#include "tools/failure.h"

#include <filesystem>
#include <new>
#include <system_error>

#include <c10/util/Exception.h>

#include "core/printable.h"
#include "core/text.h"
#include "core/want_of_memory.h"

namespace farfield::tools {

Failure failure_of(const std::exception& error) {
  if (const auto* known = dynamic_cast<const Error*>(&error)) return {known->code(), known->what()};
  try {
    if (is_want_of_memory(error)) return {ExitCode::kMemory, describe_want_of_memory(error)};
  } catch (const std::bad_alloc&) {
    return {ExitCode::kMemory, "out of memory"};
  }
  if (const auto* path = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return {ExitCode::kIo, path->code().message() + ": " + path->path1().string()};
  }
  if (const auto* refused = dynamic_cast<const std::system_error*>(&error)) {  // of printing results
    return {ExitCode::kIo, "results could not be written to standard output: " + refused->code().message()};
  }
  if (dynamic_cast<const c10::Error*>(&error) != nullptr) {
    return {ExitCode::kBug, "LibTorch: " + join(split(words_of(error), '\n'), kNextLine)};
  }
  return {ExitCode::kBug, error.what()};
}

}  // namespace farfield::tools
