#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/printable.h"

namespace farfield {
namespace {

// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t differ = a[i - 1] != b[j - 1];
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differ});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestName = 256;
  if (name.size() > kLongestName) return "";
  std::string best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  const std::string hint = near.empty() ? "" : fmt::format(" did you mean '{}'?", near);
  return fmt::format("unknown {} {};{} known: {}", what, quote(name), hint, join(known, ", "));
}

std::string quote(std::string_view text) {
  constexpr size_t kLongest = 80;
  const std::string_view shown = whole_characters(text, kLongest);
  return "'" + printable(shown) + (shown.size() < text.size() ? "...'" : "'");
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string all;
  for (const auto& part : parts) {
    if (&part != &parts.front()) all += separator;
    all += part;
  }
  return all;
}

std::string join(std::span<const int64_t> numbers, std::string_view separator) {
  std::vector<std::string> parts;
  for (const int64_t number : numbers) parts.push_back(std::to_string(number));
  return join(parts, separator);
}

double parse_double(std::string_view text, std::string_view what) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(value)) {
    throw usage_error(fmt::format("{}: '{}' is not a number", what, text));
  }
  return value;
}

int64_t parse_int(std::string_view text, std::string_view what) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw usage_error(fmt::format("{}: '{}' is not a whole number", what, text));
  }
  return value;
}

std::vector<int64_t> parse_seeds(std::string_view text) {
  constexpr size_t kMostSeeds = limits::kMostSeeds;
  std::vector<int64_t> seeds;
  for (const auto& part : split(text, ',')) {
    const size_t dash = part.find('-', 1);
    const int64_t first = parse_int(part.substr(0, dash), "seeds");
    const int64_t last = dash == std::string::npos ? first : parse_int(part.substr(dash + 1), "seeds");
    if (first < 0 || last < first) {
      throw usage_error(fmt::format("seeds: '{}' is not a range such as 0-63 of non-negative numbers", part));
    }
    if (static_cast<uint64_t>(last - first) >= kMostSeeds - seeds.size()) {
      throw usage_error(fmt::format("seeds: '{}' asks for more than {} seeds", text, kMostSeeds));
    }
    for (int64_t i = 0; i <= last - first; ++i) seeds.push_back(first + i);
  }
  if (seeds.empty()) throw usage_error("seeds: none given; write for example 0-63 or 1,2,5-10");
  return seeds;
}

std::string format_double(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return fmt::format("{}", value);
}

}  // namespace farfield
