#include "core/named_options.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

NamedOptions parse_named_options(std::string_view what, std::string_view text) {
  const auto parts = split(text, ',');
  NamedOptions named;
  if (!parts.empty()) named.name = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    const std::string key = parts[i].substr(0, equals);
    if (equals == std::string::npos) {
      throw usage_error(
          fmt::format("{} '{}': write {}=VALUE, got '{}'", what, text, key.empty() ? "option" : key, key));
    }
    if (!named.options.emplace(key, parts[i].substr(equals + 1)).second) {
      throw usage_error(fmt::format("{} '{}': option {} is given twice", what, text, key));
    }
  }
  return named;
}

std::vector<std::string> option_keys(const std::vector<std::string>& forms) {
  std::vector<std::string> keys;
  for (const std::string& form : forms) keys.push_back(form.substr(0, form.find('=')));
  return keys;
}

}  // namespace farfield
