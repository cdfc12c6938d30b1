#include "train/resume.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "train/config_changes.h"
#include "train/train_options.h"

namespace farfield {
namespace {

constexpr std::array kNeverChange = {"preconditioning.name", "ema.more_halflife_images", "ema.sigma_rel"};

bool may_change(const std::string& key) {
  if (key.starts_with("network.")) return key.ends_with("dropout");
  return std::ranges::find(kNeverChange, key) == kNeverChange.end();
}

}  // namespace

std::string state_text(const TensorFile& state, const std::string& origin, const std::string& key) {
  const auto found = state.metadata.find(key);
  if (found == state.metadata.end()) throw bad_file(origin, fmt::format("the metadata lacks '{}'", key));
  return found->second;
}

std::vector<std::string> changes_on_resume(const TensorFile& state, const std::string& origin,
                                           const std::string& resolved_config, const DataInfo& data,
                                           const std::vector<std::string>& allowed) {
  if (state_text(state, origin, "kind") != kStateKind) throw bad_file(origin, fmt::format("is no {}", kStateKind));
  auto changes = forbidden_changes(state_text(state, origin, "config"), resolved_config);
  if (const auto before = state_text(state, origin, "data_fingerprint"); before != data.fingerprint) {
    changes.push_back({"data", before.substr(0, 12), data.fingerprint.substr(0, 12)});
  }
  std::vector<std::string> made, refused, unused = allowed;
  for (const auto& [key, before, after] : changes) {
    const std::string text = key == "data"
                                 ? fmt::format(
                                       "data: the content of the data '{}' is not what the run was trained on "
                                       "(fingerprint {} was {})",
                                       data.name, after, before)
                                 : fmt::format("{} was {}, is now {}", key, before, after);
    if (std::erase(unused, key) == 0) {
      refused.push_back(text);
    } else if (may_change(key)) {
      made.push_back(text);
    } else {
      refused.push_back(text + " (it cannot change within a run)");
    }
  }
  if (!refused.empty()) {
    throw usage_error(
        fmt::format("{}: cannot resume with other settings: {}; go back to the old ones, or accept a change "
                    "with --allow-change KEY",
                    origin, join(refused, "; ")));
  }
  if (!unused.empty()) {
    throw usage_error(fmt::format("--allow-change {}: that is as it was", join(unused, ",")));
  }
  return made;
}

}  // namespace farfield
