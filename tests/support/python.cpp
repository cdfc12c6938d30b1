#include "tests/support/python.h"

#include <fstream>

namespace farfield::test {

std::string python_interpreter() {
  std::ifstream stream(FARFIELD_SOURCE_DIR "/.venv/farfield-env");
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("PYTHON=")) return line.substr(7);
  }
  return "";
}

}  // namespace farfield::test
