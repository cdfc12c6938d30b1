#include "train/checkpoints.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "train/training_folder.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

// In the order of images seen; a checkpoint made again takes the place of its former self.
void insert(std::vector<CheckpointEntry>& entries, const CheckpointEntry& entry) {
  const auto at = std::ranges::lower_bound(entries, entry.images, {}, &CheckpointEntry::images);
  if (at != entries.end() && at->images == entry.images) {
    *at = entry;
  } else {
    entries.insert(at, entry);
  }
}

}  // namespace

Checkpoints::Checkpoints(const fs::path& run_folder, int64_t keep_states)
    : folder_(run_folder), keep_states_(static_cast<size_t>(keep_states)) {
  check(keep_states >= 2, "at least two states are kept");
  for (const char* kind : {"states", "snapshots"}) remove_stale_temporaries(subfolder(folder_, kind));
  if (fs::exists(folder_ / "averages")) remove_stale_temporaries(folder_ / "averages");
  remove_stale_temporaries(folder_);
  if (fs::exists(folder_ / "checkpoints.json")) manifest_ = read_checkpoint_manifest(folder_);
}

CheckpointEntry Checkpoints::write(const std::string& stem, const TensorFile& file, int64_t images) const {
  CheckpointEntry entry{fmt::format("{}-{:012}.safetensors", stem, images), images, ""};
  const fs::path path = folder_ / entry.file;
  entry.sha256 = write_safetensors(path, file);
  if (sha256_file(path) != entry.sha256) {
    throw io_error(fmt::format("{}: what was written reads back differently; the disk may be failing", path.string()));
  }
  return entry;
}

void Checkpoints::save_state(const TensorFile& file, int64_t images) {
  insert(manifest_.states, write("states/state", file, images));
  if (manifest_.states.size() > keep_states_) {
    manifest_.states.erase(manifest_.states.begin(),
                           manifest_.states.end() - static_cast<std::ptrdiff_t>(keep_states_));
  }
  write_checkpoint_manifest(folder_, manifest_);
  remove_retired_states();
}

// Also those that a process left which was killed after it had taken them off the list.
void Checkpoints::remove_retired_states() const {
  std::error_code ignored;  // a file that stays is only waste
  for (const auto& entry : fs::directory_iterator(folder_ / "states", ignored)) {
    const std::string name = entry.path().filename().string();
    int64_t images = 0;
    int length = 0;
    const bool state = std::sscanf(name.c_str(), "state-%12" SCNd64 ".safetensors%n", &images, &length) == 1 &&
                       static_cast<size_t>(length) == name.size();
    if (state && images < manifest_.states.front().images) fs::remove(entry.path(), ignored);
  }
}

void Checkpoints::save_snapshot(const TensorFile& file, int64_t images) {
  insert(manifest_.snapshots, write("snapshots/snapshot", file, images));
  write_checkpoint_manifest(folder_, manifest_);
}

void Checkpoints::save_average(const std::string& name, const TensorFile& file, int64_t images) {
  subfolder(folder_, "averages");
  insert(manifest_.averages[name], write("averages/" + name, file, images));
  write_checkpoint_manifest(folder_, manifest_);
}

std::optional<Checkpoints::State> Checkpoints::newest_state() {
  TensorFile content;
  const auto newest = newest_valid(folder_, manifest_.states, [&](const fs::path& path) {
    auto [file, hash] = read_safetensors_hashed(path);
    content = std::move(file);
    return hash;
  });
  if (!newest) return std::nullopt;
  std::erase_if(manifest_.states, [&](const CheckpointEntry& entry) { return entry.images > newest->images; });
  return State{folder_ / newest->file, std::move(content)};
}

}  // namespace farfield
