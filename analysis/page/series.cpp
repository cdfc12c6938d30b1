#include "analysis/page/series.h"

#include <array>
#include <map>

namespace farfield {
namespace {

constexpr std::array<std::string_view, 5> kColouredKinds = {"network", "delta", "mixture", "gaussian", "isotropic"};
constexpr std::array<std::string_view, 5> kMarks = {"circle", "triangle-up", "square", "diamond", "cross"};
constexpr int kOtherColours = 3;

const std::array<std::vector<int>, 5> kDashes = {{{}, {8, 3}, {7, 2, 2, 2}, {4, 2}, {2, 2}}};

int kind_index(std::string_view kind) {
  for (size_t i = 0; i < kColouredKinds.size(); ++i) {
    if (kColouredKinds[i] == kind) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

SeriesStyle series_style(std::string_view kind, int repeat) {
  const int known = kind_index(kind);
  const std::string name = known >= 0 ? std::string(kind) : "other-" + std::to_string(1 + repeat % kOtherColours);
  const size_t look = static_cast<size_t>((known < 0 ? 1 : known) + repeat) % kMarks.size();
  return {"var(--" + name + ")", "var(--" + name + "-text)", kDashes[look], std::string(kMarks[look])};
}

std::vector<SeriesStyle> series_styles(const std::vector<std::string>& kinds) {
  std::map<std::string, int> seen;
  std::vector<SeriesStyle> styles;
  for (const std::string& kind : kinds) {
    styles.push_back(series_style(kind, seen[kind_index(kind) >= 0 ? kind : "other"]++));
  }
  return styles;
}

std::string denoiser_kind(const DenoiserInfo& info) {
  for (std::string_view kind : kColouredKinds) {
    if (info.name.starts_with(kind)) return std::string(kind);
  }
  return "network";
}

}  // namespace farfield
