#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/io/safetensors.h"
#include "models/networks/checkpoint_manifest.h"

namespace farfield {

// The checkpoints of one run folder: states/state-IMAGES.safetensors to resume from, snapshots/snapshot-IMAGES.safetensors
// to sample from, and checkpoints.json. At every moment, also after kill -9 or a power cut, the newest entry that
// checkpoints.json names is whole, or an older one is.
class Checkpoints {
 public:
  // Reads checkpoints.json when there is one and clears what dead processes left. keep_states >= 2.
  Checkpoints(const std::filesystem::path& run_folder, int64_t keep_states);

  // Writes, reads back and compares the SHA-256, lists the file, and only then deletes every older state than those.
  void save_state(const TensorFile& file, int64_t images);
  void save_snapshot(const TensorFile& file, int64_t images);
  // averages/NAME-IMAGES.safetensors: a snapshot of an average beside the first (train/ema.h).
  void save_average(const std::string& name, const TensorFile& file, int64_t images);

  struct State {
    std::filesystem::path path;
    TensorFile file;
  };
  // The newest state that is whole, with a warning for each damaged one that was passed over; those are forgotten.
  std::optional<State> newest_state();

 private:
  void remove_retired_states() const;
  CheckpointEntry write(const std::string& stem, const TensorFile& file, int64_t images) const;

  std::filesystem::path folder_;
  size_t keep_states_;
  CheckpointManifest manifest_;
};

}  // namespace farfield
