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

// The ends that no command chooses: OpenMP's library calls exit(1) when it gets no thread, and an exception that leaves a
// thread or a destructor calls std::terminate. They become an error line and an exit code, and no partial output folder
// stays. To be called once, early in main.
void catch_sudden_ends();
// To be called before main returns or ends its group: an exit from here on is ours.
void end_is_ours();

}  // namespace farfield::tools
