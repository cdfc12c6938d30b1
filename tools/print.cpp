#include "tools/print.h"

#include <fmt/format.h>

#include "core/printable.h"

namespace farfield::tools {

void print_line(std::string_view line) { fmt::print("{}\n", printable(line)); }

}  // namespace farfield::tools
