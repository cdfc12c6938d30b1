#include "core/duration.h"

#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {

double parse_duration(const std::string& text, const std::string& option) {
  const std::map<char, double> units = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const auto unit = text.empty() ? units.end() : units.find(text.back());
  const double number = parse_double(unit == units.end() ? text : text.substr(0, text.size() - 1), option);
  const double seconds = number * (unit == units.end() ? 1 : unit->second);
  if (seconds > 0 && seconds <= limits::kLongestTime) return seconds;
  throw usage_error(fmt::format("{} {}: expected a time such as 90s, 15m, 1.5h or 2d, at most {:.0f} s", option, text,
                                limits::kLongestTime));
}

}  // namespace farfield
