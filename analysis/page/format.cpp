#include "analysis/page/format.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/text.h"

namespace farfield {
namespace {

// The decimal exponent of the leading digit after rounding to `digits` significant digits.
int leading_exponent(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", std::fabs(value), digits - 1);
  return static_cast<int>(parse_int(
      text[text.find('e') + 1] == '+' ? text.substr(text.find('e') + 2) : text.substr(text.find('e') + 1), "exponent"));
}

std::string trim_zeros(std::string text) {
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string format_digits(double value, int digits) {
  if (!std::isfinite(value)) return format_double(value);
  if (value == 0) return "0";
  const int exponent = leading_exponent(value, digits);
  if (exponent < -4 || exponent > 6) return fmt::format("{:.{}e}", value, digits - 1);
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
}

std::string format_measured(double value, double low, double high) {
  const double half = (high - low) / 2;
  if (!std::isfinite(value) || !std::isfinite(half) || half <= 0) return format_digits(value, 4);
  if (value == 0) return "0";
  const int last = leading_exponent(half, 2) - 1;  // decimal place of the last digit that means something
  const int exponent = leading_exponent(value, 17);
  if (exponent < -4 || exponent > 6) return format_digits(value, std::clamp(exponent - last + 1, 1, 8));
  return fmt::format("{:.{}f}", value, std::clamp(-last, 0, 8));
}

std::string format_sigma(double sigma) { return trim_zeros(format_digits(sigma, 3)); }

std::string format_seconds(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string format_bytes(double bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit < 4) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{} {}", unit == 0 ? fmt::format("{:.0f}", bytes) : trim_zeros(format_digits(bytes, 3)),
                     units[unit]);
}

}  // namespace farfield
