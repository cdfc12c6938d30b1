#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace farfield {

// One checkpoint file of a training run, path relative to the run folder.
struct CheckpointEntry {
  std::string file;    // "snapshots/snapshot-000512000.safetensors"
  int64_t images = 0;  // training images seen
  std::string sha256;  // of the whole file
};

// `checkpoints.json` of a training run: what can be resumed (states) and what can be sampled from (snapshots: EMA
// weights as native model files), each oldest first. The file is replaced atomically after the checkpoint it names is
// on disk and before an older one is deleted, so every entry once pointed at a whole file.
struct CheckpointManifest {
  std::vector<CheckpointEntry> states, snapshots;
  std::map<std::string, std::vector<CheckpointEntry>> averages =
      {};  // by name: snapshots of the averages beside the first
};

// io_error without the file, bad_file when damaged or when a path leaves the folder.
CheckpointManifest read_checkpoint_manifest(const std::filesystem::path& run_folder);
void write_checkpoint_manifest(const std::filesystem::path& run_folder, const CheckpointManifest& manifest);

// Reads a file and returns the SHA-256 of its bytes; Error when it cannot be read.
using ReadHashed = std::function<std::string(const std::filesystem::path& file)>;
std::string read_to_hash(const std::filesystem::path& file);

// The newest entry whose file is there and has the promised SHA-256, which `read` finds; one warning names each damaged
// or missing file that was passed over. Nothing when none is valid.
std::optional<CheckpointEntry> newest_valid(const std::filesystem::path& run_folder,
                                            const std::vector<CheckpointEntry>& entries,
                                            const ReadHashed& read = read_to_hash);

}  // namespace farfield
