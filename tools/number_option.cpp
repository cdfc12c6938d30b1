#include "tools/number_option.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/text.h"

namespace farfield::tools {
namespace {

// `parse` reads a text or throws; what it read replaces the text, so that "010" means ten to every reader.
template <class Number, class Parse, class Format>
CLI::Validator bounded(Number low, Number high, const char* kind, Parse parse, Format format) {
  const std::string range = fmt::format("{} to {}", format(low), format(high));
  const auto check = [=](std::string& text) -> std::string {
    try {
      const Number value = parse(text);
      if (value >= low && value <= high) {
        text = format(value);
        return "";
      }
    } catch (const Error&) {
      // No number at all; the words are the same.
    }
    return fmt::format("got '{}', expected {} from {}", text, kind, range);
  };
  return {check, range};
}

}  // namespace

CLI::Validator whole_number(int64_t low, int64_t high) {
  return bounded(low, high, "a whole number", [](const std::string& text) { return parse_int(text, "number"); },
                 [](int64_t value) { return std::to_string(value); });
}

CLI::Validator real_number(double low, double high) {
  return bounded(low, high, "a number", [](const std::string& text) { return parse_double(text, "number"); },
                 format_double);
}

}  // namespace farfield::tools
