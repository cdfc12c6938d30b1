#pragma once

#include <string>
#include <vector>

namespace farfield {

// How a result was asked for: what its page and run.json say besides the request itself.
struct RunCall {
  std::vector<std::string> command;  // the words of the command line, or the call in Python
  std::string device = "auto", precision = "auto";
  double seconds = 0;  // from the call to the result
};

}  // namespace farfield
