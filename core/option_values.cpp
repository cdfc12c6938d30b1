#include "core/option_values.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

OptionValues::OptionValues(std::string what, std::string name, std::map<std::string, std::string> given)
    : what_(std::move(what)), name_(std::move(name)), given_(std::move(given)) {}

double OptionValues::number(const std::string& key, double fallback, double above, double at_most) const {
  const double value = parsed(key, fallback);
  if (value > above && value <= at_most) return value;
  refuse(key, format_double(value),
         fmt::format("a number above {}, at most {}", format_double(above), format_double(at_most)));
}

double OptionValues::number_from(const std::string& key, double fallback, double at_least, double at_most) const {
  const double value = parsed(key, fallback);
  if (value >= at_least && value <= at_most) return value;
  refuse(key, format_double(value),
         fmt::format("a number from {} to {}", format_double(at_least), format_double(at_most)));
}

int64_t OptionValues::integer(const std::string& key, int64_t fallback, int64_t at_least, int64_t at_most) const {
  const auto found = given_.find(key);
  const int64_t value = found == given_.end()
                            ? fallback
                            : parse_int(found->second, fmt::format("{} {}, option {}", what_, name_, key));
  remember(key, std::to_string(value));
  if (found == given_.end() || (value >= at_least && value <= at_most)) return value;
  refuse(key, std::to_string(value), fmt::format("a whole number from {} to {}", at_least, at_most));
}

std::string OptionValues::choice(const std::string& key, const std::string& fallback,
                                 const std::vector<std::string>& allowed) const {
  const auto found = given_.find(key);
  const std::string& value = remember(key, found == given_.end() ? fallback : found->second);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  throw usage_error(fmt::format("{} {}: {}", what_, name_, unknown_name("value of " + key, value, allowed)));
}

bool OptionValues::flag(const std::string& key, bool fallback) const {
  return choice(key, fallback ? "yes" : "no", {"yes", "no"}) == "yes";
}

std::string OptionValues::text(const std::string& key, const std::string& fallback) const {
  const auto found = given_.find(key);
  return remember(key, found == given_.end() ? fallback : found->second);
}

std::string OptionValues::resolved() const {
  std::string text = name_;
  for (const auto& [key, value] : read_) text += fmt::format(",{}={}", key, value);
  return text;
}

double OptionValues::parsed(const std::string& key, double fallback) const {
  const auto found = given_.find(key);
  const double value = found == given_.end()
                           ? fallback
                           : parse_double(found->second, fmt::format("{} {}, option {}", what_, name_, key));
  remember(key, format_double(value));
  return value;
}

void OptionValues::refuse(const std::string& key, const std::string& value, const std::string& expected) const {
  throw usage_error(fmt::format("{} {}, option {}: got {}, expected {}", what_, name_, key, value, expected));
}

const std::string& OptionValues::remember(const std::string& key, const std::string& value) const {
  return read_[key] = value;
}

}  // namespace farfield
