#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace farfield {

// What a process exits with; the table users see is in docs/conventions.md.
enum class ExitCode {
  kOk = 0,
  kBug = 1,          // a broken promise of our own
  kUsage = 2,        // command line or config
  kBadFile = 3,      // an input file that is damaged or of the wrong kind
  kNumeric = 4,      // NaN or infinity where none may be
  kIo = 5,           // disk full, no permission, path missing
  kMemory = 6,       // out of memory
  kInterrupted = 7,  // stopped by a signal, state saved
  kTrust = 8,        // a file that runs code, without the user's consent
};

// The one exception of the program, caught once in main(). The message is one line that says where, what was
// got, what was expected and what to do; it never ends in a period-less fragment of a stack trace.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Shorthands for `throw`: the kind of failure reads at the call site.
Error usage_error(const std::string& message);
Error bad_file(std::string_view path, const std::string& message);  // "PATH: message"
Error numeric_error(const std::string& message);
Error io_error(const std::string& message);
// Appends the operating system's text for `error_number` (errno).
Error io_error(const std::string& message, int error_number);

// What an exception says: of LibTorch's without the stack trace.
std::string words_of(const std::exception& error);

// A condition that only a bug of ours can break.
void check(bool condition, std::string_view broken_promise);

}  // namespace farfield
