#pragma once

#include <exception>
#include <string>

#include "core/error.h"

namespace farfield::tools {

// How a command failed: what the process exits with, and a line (or several) for the user; "" when there is none to say.
struct Failure {
  ExitCode code;
  std::string message;
};

// What an exception of a command or a library means to the user.
Failure failure_of(const std::exception& error);

}  // namespace farfield::tools
