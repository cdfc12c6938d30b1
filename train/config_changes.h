#pragma once

#include <string>
#include <vector>

namespace farfield {

// A setting with different values in two resolved configs.
struct ConfigChange {
  std::string key, before, after;
};
// What changed between two texts of Config::resolved(), except what may change on resume, as no step depends on it: the
// length of the run, its intervals, how many states are kept, gradient checkpointing, the probes, and where the data lie (their content is
// compared by fingerprint).
std::vector<ConfigChange> forbidden_changes(const std::string& before, const std::string& after);

}  // namespace farfield
