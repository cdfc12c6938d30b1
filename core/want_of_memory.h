#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace farfield {

// Want of memory shows itself in many ways, and all of them are one exit code (ExitCode::kMemory).

// Whether `error` is one of them: bad_alloc, an allocation that LibTorch, oneDNN or OpenCV was refused, a thread that could
// not be started, ENOMEM.
bool is_want_of_memory(const std::exception& error);

// One line about it: the size that was refused where it is known, else what the library said; what this process holds and
// may hold where there is a limit; what needs less.
std::string describe_want_of_memory(const std::exception& error);

// For `catch (const std::exception&)` around a library that reads a file: throws Error(kMemory) when `error` is want of
// memory, so that nobody calls the file damaged.
void pass_on_want_of_memory(const std::exception& error);

// The same where a library only says that it failed: throws when `bytes` cannot be had now.
void require_memory(std::size_t bytes);

// Keeps the size of an allocation that operator new was refused, for the message. Allocates nothing.
void note_refused_bytes(std::size_t bytes);

}  // namespace farfield
