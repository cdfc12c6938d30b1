#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/io/file_kind.h"

namespace farfield {

// Where a reader wanted something else: what the file is and the way out, "is a web page (HTML); download the file itself".
// `expected` is what the reader takes and decides what is advised: kText stands for configs; kSafetensors, kTorchScript
// and kPackage for models; everything else for data. Nothing when the file may be what was expected, or says nothing.
std::optional<std::string> wrong_file(const std::filesystem::path& path, FileKind expected);
// The same of bytes that are at hand, the whole content of `name` or its begin.
std::optional<std::string> wrong_content(std::string_view bytes, FileKind expected, std::string_view name);

// bad_file when `path` is certainly of another kind than `expected`; for readers whose own refusal would come too late, or
// would mislead.
void refuse_wrong_file(const std::filesystem::path& path, FileKind expected);

// Throws `refusal`, in words that name the file's kind where that explains it; the exit code stays.
[[noreturn]] void throw_named(const std::filesystem::path& path, FileKind expected, const Error& refusal);

// read(), whose refusals of `path` name what the file is where it is of another well-known kind.
template <class Read>
auto read_as(FileKind expected, const std::filesystem::path& path, Read read) {
  try {
    return read();
  } catch (const Error& refusal) {
    throw_named(path, expected, refusal);
  }
}

}  // namespace farfield
