#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// The rule for what an output may take the place of. Nothing of the user's is ever deleted: a command replaces only a
// finished output of its own kind, made of nothing but files that a manifest names.

// A folder to be made.
struct OutputRequest {
  std::filesystem::path target;
  std::string kind;                           // of the output, as in run.json: the command's name
  bool force = false;                         // replace a finished output of the same kind
  std::vector<std::filesystem::path> inputs;  // what the same call reads: see named_paths()
};

// The `kind` of a training run's folder. No other command replaces one.
inline constexpr std::string_view kTrainingKind = "train";

struct ListedFile {
  std::string name;  // relative to the folder, with '/'
  std::uintmax_t bytes;
};

// The regular files in `folder`, sub-folders included, by name; links are not followed.
std::vector<ListedFile> files_of(const std::filesystem::path& folder);

// What the folder of an output of this program says of itself in its run.json; empty when there is no run.json that
// one of our commands wrote.
std::optional<std::string> output_kind(const std::filesystem::path& folder);

// Whether all that `folder` holds are temporaries (NAME.tmp.PID) of files of that kind, and empty sub-folders of it: what a
// process leaves that died before its first file stood.
bool holds_only_leftovers(const std::filesystem::path& folder, const std::string& kind);

// Returns the files (relative names) that make up the output at request.target, so that exactly these may be removed;
// an empty list when there is nothing there, or an empty folder. Otherwise throws usage_error with the reason: the target
// is a link or no folder; it holds something and request.force is false; it is, holds or is part of an input of the same
// call, or is the working folder; it has no run.json of ours, one of another kind or of a training run; another process is
// writing into it; it has a file that no manifest names, or one that was changed since (the first three are named).
//
// The manifest is the list `files` of run.json; outputs of 0.1, which have none, are held to the files that their
// command writes, and so are training runs (kind "train", when that is asked for).
std::vector<std::string> require_replaceable(const OutputRequest& request);

// For a single file, --out FILE: usage_error when `file` exists and force is false, when it is an input of the same call,
// when `is_own` says that it is no file of the kind to be written (`what`: "a fitted reference"), or when it belongs to a
// training run. A link is written through.
void require_replaceable_file(const std::filesystem::path& file, bool force, std::string_view what,
                              bool (*is_own)(const std::filesystem::path&),
                              const std::vector<std::filesystem::path>& inputs);

// Every existing path that one of `texts` names in any of the ways an option can name one ("DIR", "mnist:DIR,pad=32",
// "data.source=FILE", "KIND:FILE,key=value"), made canonical. Generous: a word that happens to name a file counts.
std::vector<std::filesystem::path> named_paths(const std::vector<std::string>& texts);

}  // namespace farfield
