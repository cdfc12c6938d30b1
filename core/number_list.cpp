#include "core/number_list.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

std::vector<double> parse_number_list(const std::string& text, std::string_view what) {
  constexpr int64_t kMost = 1000;
  const std::vector<std::string> range = split(text, ':');
  std::vector<double> numbers;
  if (range.size() == 1) {
    for (const std::string& item : split(text, ',')) numbers.push_back(parse_double(item, what));
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
  if (range.size() != 3) throw usage_error(fmt::format("{}: '{}'; give a list 0.1,1,10 or LOW:HIGH:COUNT", what, text));
  const double low = parse_double(range[0], what), high = parse_double(range[1], what);
  const int64_t count = parse_int(range[2], what);
  if (!(low > 0) || !(high > low) || !std::isfinite(high) || count < 2 || count > kMost) {
    throw usage_error(
        fmt::format("{}: '{}'; LOW:HIGH:COUNT needs 0 < LOW < HIGH and 2 to {} levels", what, text, kMost));
  }
  for (int64_t i = 0; i < count; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(count - 1);
    numbers.push_back(i + 1 == count ? high : low * std::pow(high / low, part));
  }
  return numbers;
}

}  // namespace farfield
