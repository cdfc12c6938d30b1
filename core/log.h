#pragma once

#include <string_view>

namespace farfield::log {

// Messages go to stderr, one line each, "warning: ..." where it is one; results never pass through here.
// spdlog stands behind these functions, in log.cpp alone.
enum class Level { kDebug, kInfo, kWarning, kError, kSilent };

void set_level(Level level);  // default kInfo
void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace farfield::log
