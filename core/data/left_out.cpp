#include "core/data/left_out.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace farfield {

void LeftOutList::add(const LeftOut& kind, std::string_view name) {
  constexpr size_t kNamesKept = 3;
  auto found = std::find_if(kinds_.begin(), kinds_.end(), [&](const LeftOut& seen) { return seen.what >= kind.what; });
  if (found == kinds_.end() || found->what != kind.what) found = kinds_.insert(found, kind);
  ++found->count;
  auto& first = found->first;
  first.insert(std::upper_bound(first.begin(), first.end(), name), std::string(name));
  if (first.size() > kNamesKept) first.pop_back();
}

void LeftOutList::add(const LeftOutList& others) {
  kinds_.insert(kinds_.end(), others.kinds_.begin(), others.kinds_.end());
  std::sort(kinds_.begin(), kinds_.end(), [](const LeftOut& a, const LeftOut& b) { return a.what < b.what; });
}

std::string to_text(const LeftOut& kind) {
  std::vector<std::string> names;
  for (const auto& name : kind.first) names.push_back(quote(name));
  if (kind.count > std::ssize(kind.first)) names.emplace_back("...");
  return fmt::format("{} {} ({}): {}; {}", kind.count, kind.what, join(names, ", "), kind.why, kind.change);
}

nlohmann::ordered_json to_json(const LeftOutList& list) {
  auto kinds = nlohmann::ordered_json::array();
  for (const auto& kind : list.kinds()) {
    kinds.push_back({{"what", kind.what},
                     {"count", kind.count},
                     {"first", kind.first},
                     {"why", kind.why},
                     {"change", kind.change}});
  }
  return kinds;
}

}  // namespace farfield
