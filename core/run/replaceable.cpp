#include "core/run/replaceable.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/run/folder_lock.h"
#include "core/source_form.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr uint64_t kRunJsonLimit = uint64_t{1} << 28;
constexpr const char* kRunJson = "run.json";

// What each command leaves in its folder; '*' stands for any characters but '/'. Training runs have no list in run.json
// (their files come and go), and outputs of 0.1 have none either.
const std::map<std::string, std::vector<std::string>>& files_by_kind() {
  static const std::map<std::string, std::vector<std::string>> kFiles = {
      {"sample", {"samples.npz", "samples.png", "samples.csv", "shards/index.json", "shards/samples-*.npz"}},
      {"encode", {"latents.npz", "encodings.csv", "report.html"}},
      {"interpolate",
       {"interpolation.npz", "interpolation.png", "theory.csv", "weights.csv", "shifts.csv", "neighbours.csv",
        "report.html"}},
      {"compare",
       {"comparison.csv", "comparison.npz", "trajectory.csv", "trajectory.npz", "samples-*.png", "report.html",
        "*-training.csv", "ranking.csv", "agreement.csv", "classes.csv", "ends.csv", "perceptual.csv"}},
      {"sweep", {"sweep.csv", "gain.csv", "minimal_rank.csv", "equal.csv", "sweep.npz", "report.html"}},
      {"dynamics", {"dynamics.csv", "nearest.csv", "dynamics.npz", "report.html"}},
      {"field", {"field.csv", "field.npz", "report.html"}},
      {"deviation", {"deviation.csv", "deviation.npz", "neighbours.csv", "nearest.csv", "summary.json", "report.html"}},
      {"features", {"features.npz", "moments.npz", "spectrum.csv", "report.html"}},
      {"similarity", {"similarity.csv", "similarity.npz", "report.html"}},
      {"quality",
       {"quality.csv", "samples.csv", "fd_infinity.csv", "quality.npz", "moments.npz", "summary.json", "report.html"}},
      {"likelihood", {"likelihood.csv", "summary.csv", "trace.csv", "histogram.csv", "likelihood.npz", "report.html"}},
      {"restore", {"restored.csv", "restored.npz", "restored.png", "measurement.npz", "report.html"}},
      {"neighbours", {"neighbours.csv", "neighbours.npz", "neighbours.png", "nearest.csv", "report.html"}},
      {"modes", {"modes.csv", "basins.csv", "modes.npz", "report.html"}},
      {"smoothing",
       {"processes.csv", "scores.csv", "densities.csv", "divergences.csv", "losses.csv", "smoothing.npz",
        "summary.json", "report.html"}},
      {"jump", {"jump.csv", "jump.npz", "slopes.csv", "summary.json", "report.html"}},
      {"calibrate",
       {"table.yaml", "calibration.csv", "calibration.npz", "heat.npz", "heat.csv", "summary.json", "report.html"}},
      {"study",
       {"study.csv", "study.npz", "study.json", "schedules.csv", "teleport_sweep.csv", "table.csv", "table.md",
        "agreement.csv", "by_*.csv", "report.html"}},
      {"report", {"report.html", "training.csv", "probes.csv"}},
      {"geometry",
       {"geometry.csv", "geometry-*.csv", "geometry*.npz", "explained*.csv", "reconstruction*.csv", "view*.csv",
        "curves.csv", "forward.csv", "summary.json", "report.html"}},
      {"theory",
       {"theory.csv", "theory.npz", "emergence.csv", "rotation.csv", "conserved.csv", "prediction.csv",
        "perturbation.csv", "noise_map.csv", "summary.json", "report.html"}},
      {"symmetry", {"potentials.csv", "fixed_points.csv", "symmetry.npz", "summary.json", "report.html"}},
      {"schedule search", {"report.html", "costs.csv", "levels.csv", "errors.csv", "per_sample.csv"}},
      {"schedule ablate", {"report.html", "ablation.csv", "seconds.csv", "ablation.npz"}},
      {std::string(kTrainingKind),
       {"config.yaml", "log.jsonl", "probes.jsonl", "checkpoints.json", "tensorboard/events.out.tfevents.*",
        "states/state-*.safetensors", "snapshots/snapshot-*.safetensors", "averages/*.safetensors",
        "previews/preview-*.png", "nonfinite-*.npz"}},
  };
  return kFiles;
}

bool matches(std::string_view pattern, std::string_view name) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  const std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail) &&
         name.substr(head.size(), name.size() - head.size() - tail.size()).find('/') == std::string_view::npos;
}

json parsed_run_json(const fs::path& folder) {
  std::error_code error;
  const fs::path file = folder / kRunJson;
  if (!fs::is_regular_file(fs::symlink_status(file, error)) || fs::file_size(file, error) > kRunJsonLimit || error) {
    return {};
  }
  return json_or_null(read_file(file, kRunJsonLimit));
}

// The command in the `command_line` of an output of 0.1.
std::string kind_of_command(const json& words) {
  if (!words.is_array()) return "";
  for (size_t i = 1; i < words.size(); ++i) {
    if (!words[i].is_string()) return "";
    auto word = words[i].get<std::string>();
    if (word == "schedule") return "schedule search";
    if (files_by_kind().contains(word)) return word;
  }
  return "";
}

std::string kind_of(const json& run) {
  if (!run.is_object()) return "";
  if (const auto kind = run.find("kind"); kind != run.end()) return kind->is_string() ? kind->get<std::string>() : "";
  const auto words = run.find("command_line");
  return words == run.end() ? "" : kind_of_command(*words);
}

// Says of each file of a folder whether the manifest names it, and why not.
class Manifest {
 public:
  Manifest(const std::string& kind, const json& run) : patterns_(files_by_kind().at(kind)) {
    const auto files = run.find("files");
    if (files == run.end() || !files->is_array()) return;
    listed_.emplace();
    for (const auto& file : *files) {
      if (file.is_object() && file.contains("name") && file["name"].is_string() && file.contains("bytes") &&
          file["bytes"].is_number_unsigned()) {
        listed_->emplace(file["name"].get<std::string>(), file["bytes"].get<std::uintmax_t>());
      }
    }
  }

  bool is_temporary(const ListedFile& file) const {
    const std::string name = without_temporary_mark(file.name);
    return name != file.name && (name == kRunJson || is_known(name));
  }
  // "" for a file that is the program's own.
  std::string objection(const ListedFile& file) const {
    if (file.name == kRunJson || is_temporary(file)) return "";
    if (!listed_) return is_known(file.name) ? "" : quote(file.name);
    const auto entry = listed_->find(file.name);
    if (entry == listed_->end()) return quote(file.name);
    if (entry->second == file.bytes) return "";
    return fmt::format("{} (changed since: {} bytes, {} were written)", quote(file.name), file.bytes, entry->second);
  }

 private:
  // NAME of NAME.tmp.PID, which a killed writer leaves.
  static std::string without_temporary_mark(const std::string& name) {
    const size_t mark = name.rfind(".tmp.");
    const bool marked = mark != std::string::npos && name.size() > mark + 5 &&
                        name.find_first_not_of("0123456789", mark + 5) == std::string::npos;
    return marked ? name.substr(0, mark) : name;
  }
  bool is_known(const std::string& name) const {
    if (listed_ && listed_->contains(name)) return true;
    return std::ranges::any_of(patterns_, [&](const std::string& pattern) { return matches(pattern, name); });
  }

  std::vector<std::string> patterns_;
  std::optional<std::map<std::string, std::uintmax_t>> listed_;
};

// Whether both are one file or folder, under whatever name: a bind mount and a hard link are one with what they show.
bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return one == other || fs::equivalent(one, other, error);
}

bool is_part_of(const fs::path& part, const fs::path& whole) {
  for (fs::path at = part;; at = at.parent_path()) {
    if (is_same(at, whole)) return true;
    if (!at.has_relative_path()) return false;
  }
}

// The name in `folder` of the file that `input` is a hard link to; "" where there is none.
std::string hard_link_in(const fs::path& folder, const fs::path& input) {
  std::error_code error;
  if (!fs::is_regular_file(input, error) || fs::hard_link_count(input, error) < 2) return "";
  for (const auto& file : files_of(folder)) {
    if (is_same(folder / file.name, input)) return file.name;
  }
  return "";
}

void require_no_input(const OutputRequest& request) {
  const fs::path target = fs::weakly_canonical(request.target);
  const auto refuse = [&](const std::string& why) {
    throw usage_error(fmt::format("{}: {}; it is not replaced: choose another --out", request.target.string(), why));
  };
  for (const auto& input : request.inputs) {
    if (is_part_of(input, target)) refuse(fmt::format("this call reads {}", input.string()));
    if (is_part_of(target, input) && fs::is_directory(input) && !output_kind(input)) {
      refuse(fmt::format("it lies inside {}, which this call reads", input.string()));
    }
    if (const std::string name = hard_link_in(target, input); !name.empty()) {
      refuse(
          fmt::format("this call reads {}, which is {} under another name (a hard link)", input.string(), quote(name)));
    }
  }
  std::error_code error;
  if (const fs::path here = fs::current_path(error); !error && is_part_of(here, target))
    refuse(is_same(here, target) ? "it is the working folder" : "it holds the working folder");
}

// Sub-folders and other things that are no regular files, unless the manifest's files live there.
std::vector<std::string> strange_entries(const fs::path& folder, const std::set<std::string>& known_folders) {
  std::vector<std::string> strange;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    const auto status = entry.symlink_status();
    if (fs::is_directory(status) ? !known_folders.contains(name) : !fs::is_regular_file(status))
      strange.push_back(quote(name));
  }
  return strange;
}

std::set<std::string> folders_of(const std::string& kind) {
  std::set<std::string> folders;
  for (const auto& pattern : files_by_kind().at(kind)) {
    if (const size_t slash = pattern.find('/'); slash != std::string::npos) folders.insert(pattern.substr(0, slash));
  }
  return folders;
}

std::string first_few(std::vector<std::string> names) {
  constexpr size_t kShown = 3;
  const size_t all = names.size();
  names.resize(std::min(all, kShown));
  return join(names, ", ") + (all > kShown ? fmt::format(" and {} more", all - kShown) : "");
}

}  // namespace

std::vector<ListedFile> files_of(const fs::path& folder) {
  std::vector<ListedFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!fs::is_regular_file(entry.symlink_status())) continue;
    files.push_back({entry.path().lexically_relative(folder).generic_string(), entry.file_size()});
  }
  std::ranges::sort(files, {}, &ListedFile::name);
  return files;
}

std::optional<std::string> output_kind(const fs::path& folder) {
  const std::string kind = kind_of(parsed_run_json(folder));
  return files_by_kind().contains(kind) ? std::optional(kind) : std::nullopt;
}

bool holds_only_leftovers(const fs::path& folder, const std::string& kind) {
  const Manifest manifest(kind, json::object());
  return strange_entries(folder, folders_of(kind)).empty() &&
         std::ranges::all_of(files_of(folder), [&](const ListedFile& file) { return manifest.is_temporary(file); });
}

std::vector<std::string> require_replaceable(const OutputRequest& request) {
  const std::string shown = request.target.string();
  const auto status = fs::symlink_status(request.target);
  if (!fs::exists(status)) return {};
  if (fs::is_symlink(status)) {
    throw usage_error(fmt::format(
        "{}: is a link; nothing is written through it: name the folder that it leads to, or another --out", shown));
  }
  if (!fs::is_directory(status))
    throw usage_error(fmt::format("{}: exists and is no folder; name another --out", shown));
  if (fs::is_empty(request.target)) return {};
  if (!request.force) throw usage_error(fmt::format("{}: exists already; name another --out or add --force", shown));
  require_no_input(request);
  const json run = parsed_run_json(request.target);
  const std::string kind = kind_of(run);
  if (!files_by_kind().contains(kind)) {
    throw usage_error(fmt::format(
        "{}: is no output of farfield (no run.json that names its command); --force does not replace it", shown));
  }
  if (kind != request.kind) {
    throw usage_error(
        fmt::format("{}: is {} and not of farfield {}, which replaces outputs of its own only; choose another --out",
                    shown, kind == kTrainingKind ? "a training run" : "an output of farfield " + kind, request.kind));
  }
  const FolderLock lock(request.target);
  const Manifest manifest(kind, run);
  std::vector<std::string> names, foreign = strange_entries(request.target, folders_of(kind));
  for (const auto& file : files_of(request.target)) {
    names.push_back(file.name);
    if (auto objection = manifest.objection(file); !objection.empty()) foreign.push_back(std::move(objection));
  }
  if (foreign.empty()) return names;
  throw usage_error(
      fmt::format("{}: holds what farfield {} did not write: {}; move it elsewhere or choose another --out", shown,
                  kind, first_few(std::move(foreign))));
}

void require_replaceable_file(const fs::path& file, bool force, std::string_view what, bool (*is_own)(const fs::path&),
                              const std::vector<fs::path>& inputs) {
  if (!fs::exists(fs::symlink_status(file))) return;
  const auto refuse = [&](const std::string& why) { throw usage_error(fmt::format("{}: {}", file.string(), why)); };
  if (!force) refuse("exists already; name another --out, or add --force to replace it");
  const fs::path target = fs::weakly_canonical(file);
  if (!fs::exists(target)) return;
  if (!fs::is_regular_file(target)) refuse("exists and is no file; name another --out");
  for (const auto& input : inputs) {
    if (is_same(target, input)) refuse("this call reads it; it is not replaced: name another --out");
  }
  for (const fs::path& folder : {target.parent_path(), target.parent_path().parent_path()}) {
    if (output_kind(folder) == kTrainingKind)
      refuse(fmt::format("belongs to the training run {}; name another --out", folder.string()));
  }
  if (!is_own(target)) refuse(fmt::format("is not {}, and nothing else is replaced; name another --out", what));
}

std::vector<fs::path> named_paths(const std::vector<std::string>& texts) {
  constexpr std::string_view kStarts = "=:,\"", kEnds = ",\"";
  constexpr size_t kLongestText = 1 << 16, kFew = 100,
                   kNear = 8;  // a list of 10,000 seeds is no list of 50,000,000 paths
  std::set<fs::path> found;
  const auto add = [&](const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error) || error) return;
    if (auto canonical = fs::canonical(path, error); !error) found.insert(std::move(canonical));
  };
  for (const std::string& text : texts) {
    if (text.size() > kLongestText) continue;
    std::vector<size_t> starts = {0}, ends;
    for (size_t i = 0; i < text.size(); ++i) {
      if (kStarts.find(text[i]) != std::string_view::npos) starts.push_back(i + 1);
      if (kEnds.find(text[i]) != std::string_view::npos) ends.push_back(i);
    }
    ends.push_back(text.size());
    for (const size_t start : starts) {
      const std::string_view rest = std::string_view(text).substr(start);
      if (const size_t length = quoted_length(rest); length > 0) add(unquoted(rest.substr(0, length)));
    }
    const auto reach = static_cast<int64_t>(ends.size() <= kFew ? ends.size() : kNear);
    for (const size_t start : starts) {
      auto end = std::upper_bound(ends.begin(), ends.end(), start);
      for (int64_t i = 0; i < reach && end != ends.end(); ++i, ++end) add(text.substr(start, *end - start));
    }
    add(text);
  }
  return {found.begin(), found.end()};
}

}  // namespace farfield
