#include "train/config_changes.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/text.h"

namespace farfield {
namespace {

constexpr std::array kFreeOnResume = {"data.source",        "run.images",          "run.tick_images",
                                      "run.preview_images", "run.snapshot_images", "run.state_images",
                                      "run.keep_states",    "run.snapshot_at",     "run.gradient_checkpointing"};

bool free_on_resume(const std::string& key) {
  return key.starts_with("probes.") || std::ranges::find(kFreeOnResume, key) != kFreeOnResume.end();
}

// "a:\n  b: 1\n" -> {"a.b": "1"}: the text of Config::resolved(), two spaces a level.
std::map<std::string, std::string> flatten(const std::string& resolved) {
  std::map<std::string, std::string> values;
  std::vector<std::string> path;
  for (const auto& line : split(resolved, '\n')) {
    const size_t start = line.find_first_not_of(' ');
    const size_t colon = line.find(':');
    if (start == std::string::npos || colon == std::string::npos) continue;
    path.resize(start / 2);
    path.push_back(line.substr(start, colon - start));
    if (colon + 2 <= line.size()) values[join(path, ".")] = line.substr(std::min(colon + 2, line.size()));
  }
  return values;
}

}  // namespace

std::vector<ConfigChange> forbidden_changes(const std::string& before, const std::string& after) {
  const auto old_values = flatten(before), new_values = flatten(after);
  std::map<std::string, ConfigChange> changes;
  for (const auto& [key, value] : old_values) changes[key] = {key, value, "(absent)"};
  for (const auto& [key, value] : new_values) {
    auto& change = changes.try_emplace(key, ConfigChange{key, "(absent)", ""}).first->second;
    change.after = value;
  }
  std::vector<ConfigChange> forbidden;
  for (const auto& [key, change] : changes) {
    if (change.before != change.after && !free_on_resume(key)) forbidden.push_back(change);
  }
  return forbidden;
}

}  // namespace farfield
