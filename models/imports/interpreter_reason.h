#pragma once

#include <exception>
#include <string>

namespace farfield {

// What LibTorch says, without stack traces, on one line of at most about 600 bytes: of the TorchScript interpreter the
// message itself and the innermost line of the module's code, otherwise the first line.
std::string reason_of(const std::exception& error);

// The first line alone.
std::string first_line(const std::exception& error);

}  // namespace farfield
