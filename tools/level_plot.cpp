#include "tools/level_plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace farfield::tools {
namespace {

constexpr int64_t kColumns = 60, kMostRows = 64;

// Long schedules show every k-th row, and the last.
bool is_shown(int64_t row, int64_t count) {
  const int64_t stride = (count + kMostRows - 1) / kMostRows;
  return row % stride == 0 || row + 1 == count;
}

}  // namespace

std::string level_plot(const std::vector<double>& levels) {
  const double high = levels.front();
  double low = high;
  for (const double level : levels) low = level > 0 ? std::min(low, level) : low;
  const auto column = [&](double level) {
    const double width = std::log(high / low);
    return width > 0 ? std::llround((kColumns - 1) * std::log(level / low) / width) : kColumns - 1;
  };
  const auto count = static_cast<int64_t>(levels.size());
  std::string text = fmt::format("#     i       sigma  {:<{}}{:>{}}\n", fmt::format("{:.4g}", low), kColumns / 2,
                                 fmt::format("{:.4g}", high), kColumns / 2);
  for (int64_t i = 0; i < count; ++i) {
    if (!is_shown(i, count)) continue;
    std::string row(kColumns, ' ');
    if (levels[i] > 0) row[column(levels[i])] = 'o';
    text += fmt::format("# {:>5}  {:>10.4g} {}{}|\n", i, levels[i], levels[i] > 0 ? '|' : 'o', row);
  }
  return text;
}

std::string weight_plot(const std::vector<StepWeight>& weights) {
  const auto count = static_cast<int64_t>(weights.size());
  std::string text = fmt::format("#     i       sigma  {:<{}}{:>{}}\n", "weight 0", kColumns / 2, "1", kColumns / 2);
  for (int64_t i = 0; i < count; ++i) {
    if (!is_shown(i, count)) continue;
    const auto& [sigma, weight, log_step] = weights[static_cast<size_t>(i)];
    std::string row(kColumns, ' ');
    row[std::llround((kColumns - 1) * weight)] = 'o';
    text += fmt::format("# {:>5}  {:>10.4g} |{}|\n", i, sigma, row);
  }
  return text;
}

}  // namespace farfield::tools
