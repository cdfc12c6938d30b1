#include "core/log.h"

#include <unistd.h>
#include <cstdlib>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "core/printable.h"

namespace farfield::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    const bool plain = std::getenv("NO_COLOR") != nullptr || isatty(STDERR_FILENO) == 0;
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(plain ? spdlog::color_mode::never
                                                                            : spdlog::color_mode::automatic);
    auto made = std::make_shared<spdlog::logger>("farfield", sink);
    made->set_pattern("%^%v%$");
    return made;
  }();
  return *instance;
}

void write(spdlog::level::level_enum level, std::string_view prefix, std::string_view message) {
  if (!logger().should_log(level)) return;
  for (const auto& line : message_lines(message)) logger().log(level, "{}{}", prefix, line);
}

}  // namespace

void set_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return logger().set_level(spdlog::level::debug);
    case Level::kInfo:
      return logger().set_level(spdlog::level::info);
    case Level::kWarning:
      return logger().set_level(spdlog::level::warn);
    case Level::kError:
      return logger().set_level(spdlog::level::err);
    case Level::kSilent:
      return logger().set_level(spdlog::level::off);
  }
}

void debug(std::string_view message) { write(spdlog::level::debug, "", message); }
void info(std::string_view message) { write(spdlog::level::info, "", message); }
void warning(std::string_view message) { write(spdlog::level::warn, "warning: ", message); }
void error(std::string_view message) { write(spdlog::level::err, "error: ", message); }

}  // namespace farfield::log
