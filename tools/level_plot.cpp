#include "tools/level_plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace farfield::tools {
namespace {

constexpr int64_t kColumns = 60, kMostRows = 64;

}  // namespace

std::string level_plot(const std::vector<double>& levels) {
  const double high = levels.front();
  double low = high;
  for (const double level : levels) low = level > 0 ? std::min(low, level) : low;
  const auto column = [&](double level) {
    const double width = std::log(high / low);
    return width > 0 ? std::llround((kColumns - 1) * std::log(level / low) / width) : kColumns - 1;
  };
  // Long schedules show every k-th level, and the last.
  const auto count = static_cast<int64_t>(levels.size()), stride = (count + kMostRows - 1) / kMostRows;
  std::string text = fmt::format("#     i       sigma  {:<{}}{:>{}}\n", fmt::format("{:.4g}", low), kColumns / 2,
                                 fmt::format("{:.4g}", high), kColumns / 2);
  for (int64_t i = 0; i < count; ++i) {
    if (i % stride != 0 && i + 1 != count) continue;
    std::string row(kColumns, ' ');
    if (levels[i] > 0) row[column(levels[i])] = 'o';
    text += fmt::format("# {:>5}  {:>10.4g} {}{}|\n", i, levels[i], levels[i] > 0 ? '|' : 'o', row);
  }
  return text;
}

}  // namespace farfield::tools
