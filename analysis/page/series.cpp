#include "analysis/page/series.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

constexpr std::string_view kLearned = "network";  // how everything that was learned looks
constexpr std::array<std::string_view, 5> kLearnedKinds = {"network", "torchscript", "pt2", "python", "guidance"};
constexpr int kOtherColours = 3;

struct Look {
  std::string_view mark;
  std::vector<int> dash;
};
// A dash a mark. The first is that of learned models.
const std::array<Look, 19> kLooks = {{{"circle", {}},
                                      {"triangle-up", {8, 3}},
                                      {"square", {7, 2, 2, 2}},
                                      {"diamond", {4, 2}},
                                      {"cross", {2, 2}},
                                      {"triangle-down", {10, 2, 4, 2}},
                                      {"triangle-right", {6, 3}},
                                      {"triangle-left", {9, 3, 3, 3}},
                                      {"arrow", {5, 2, 1, 2}},
                                      {"wedge", {3, 3}},
                                      {"triangle", {12, 3}},
                                      {"stroke", {6, 2, 1, 2, 1, 2}},
                                      {kStarMark, {9, 2}},
                                      {kHexagonMark, {4, 2, 4, 4}},
                                      {kSaltireMark, {1, 3}},
                                      {kPentagonMark, {12, 2, 2, 2}},
                                      {kHourglassMark, {5, 4}},
                                      {kTrapezoidMark, {8, 2, 1, 2}},
                                      {kChevronMark, {2, 4}}}};
size_t place_of(std::string_view mark) {
  return static_cast<size_t>(std::ranges::find(kLooks, mark, &Look::mark) - kLooks.begin());
}

// The name of the look of a kind; "" for other names.
std::string_view look_of(std::string_view kind) {
  if (std::ranges::find(kLearnedKinds, kind) != kLearnedKinds.end()) return kLearned;
  return find_reference(kind) != nullptr ? kind : "";
}

}  // namespace

SeriesStyle series_style(std::string_view kind, int repeat) {
  const std::string_view look = look_of(kind);
  const std::string name = !look.empty() ? std::string(look) : "other-" + std::to_string(1 + repeat % kOtherColours);
  const ReferenceKind* reference = find_reference(look);
  const size_t first = reference != nullptr ? place_of(reference->look.mark) : look.empty() ? 1 : 0;
  const Look& drawn = kLooks[(first + static_cast<size_t>(repeat)) % kLooks.size()];
  return {"var(--" + name + ")", "var(--" + name + "-text)", drawn.dash, std::string(drawn.mark)};
}

std::vector<SeriesStyle> series_styles(const std::vector<std::string>& kinds) {
  std::map<std::string_view, int> seen;
  std::vector<SeriesStyle> styles;
  for (const std::string& kind : kinds) styles.push_back(series_style(kind, seen[look_of(kind)]++));
  return styles;
}

std::string reference_colours() {
  std::string light, dark;
  for (const ReferenceKind& kind : reference_table()) {
    light += fmt::format("  --{0}: {1}; --{0}-text: {2};\n", kind.name, kind.look.light, kind.look.light_text);
    dark += fmt::format("    --{0}: {1}; --{0}-text: {2};\n", kind.name, kind.look.dark, kind.look.dark_text);
  }
  return ":root, .paper {\n" + light + "}\n@media screen and (prefers-color-scheme: dark) {\n  :root {\n" + dark +
         "  }\n}\n";
}

}  // namespace farfield
