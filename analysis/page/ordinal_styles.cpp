#include "analysis/page/ordinal_styles.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace farfield {
namespace {

// Of about the same lightness, halfway between the grounds of both pages.
constexpr std::array<std::array<double, 3>, 7> kSequence = {{{0x3b, 0x6f, 0xc4},
                                                             {0x1f, 0x8f, 0xae},
                                                             {0x3a, 0x9a, 0x66},
                                                             {0x93, 0x91, 0x24},
                                                             {0xc9, 0x80, 0x1b},
                                                             {0xd0, 0x58, 0x33},
                                                             {0xb8, 0x3f, 0x78}}};
const std::array<std::vector<int>, 3> kOrdinalDashes = {{{}, {7, 2}, {3, 2}}};
constexpr std::array<const char*, 5> kOrdinalMarks = {"circle", "square", "diamond", "triangle-up", "cross"};

std::string sequence_colour(double place) {
  const double at = place * (kSequence.size() - 1);
  const auto below = std::min(static_cast<size_t>(at), kSequence.size() - 2);
  const double part = at - static_cast<double>(below);
  std::array<int, 3> mixed = {};
  for (size_t i = 0; i < 3; ++i)
    mixed[i] = static_cast<int>(std::lround((1 - part) * kSequence[below][i] + part * kSequence[below + 1][i]));
  return fmt::format("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2]);
}

}  // namespace

std::vector<SeriesStyle> ordinal_styles(size_t count) {
  std::vector<SeriesStyle> styles;
  for (size_t i = 0; i < count; ++i) {
    const double place = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    styles.push_back({sequence_colour(place), "var(--ink)", kOrdinalDashes[i % kOrdinalDashes.size()],
                      kOrdinalMarks[i % kOrdinalMarks.size()]});
  }
  return styles;
}

}  // namespace farfield
