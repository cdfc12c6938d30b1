#pragma once

#include <string_view>

namespace farfield::tools {

// A line of a result on standard output, printable whatever names are in it. std::system_error when it cannot be written.
void print_line(std::string_view line);

}  // namespace farfield::tools
