#pragma once

#include <string>

namespace farfield {

// "90", "90s", "15m", "1.5h", "2d" in seconds; usage_error naming `option`.
double parse_duration(const std::string& text, const std::string& option);

}  // namespace farfield
