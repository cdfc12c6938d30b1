#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

#include "core/io/npz_reader.h"

namespace farfield {

// What `sample` leaves of many samples: RUN/shards/index.json and samples-000000.npz, samples-000001.npz, ... of `size`
// samples each, the last of what is left.
struct ShardIndex {
  int64_t samples = 0, size = 0;  // in all; in each shard but the last
  std::string model_sha256 = {},
              run_sha256 = {};  // of the model; of all that decides the numbers. Lower-case hexadecimal

  int64_t shards() const { return (samples + size - 1) / size; }
  int64_t first_of(int64_t shard) const { return shard * size; }
  int64_t size_of(int64_t shard) const { return std::min(size, samples - first_of(shard)); }
};

inline constexpr const char *kShardFolder = "shards", *kShardIndex = "index.json";
std::string shard_name(int64_t shard);  // "samples-000003.npz"

void write_shard_index(const std::filesystem::path& folder, const ShardIndex& index);
// bad_file for what is none.
ShardIndex read_shard_index(const std::filesystem::path& folder);

// The arrays with which a shard says what it is a part of: `shard` [2] int64, its number and how many there are,
// `model_sha256` and `run_sha256`, [64] uint8, ASCII.
std::map<std::string, torch::Tensor> shard_marks(const ShardIndex& index, int64_t shard);
// bad_file naming `file` when it is another shard than number `shard` of this run, of another run, or of another model.
void check_shard(const ShardIndex& index, int64_t shard, const NpzReader& arrays, const std::filesystem::path& file);
// bad_file naming the shards in `folder` that are missing, and those that are none of the index's.
void check_shard_files(const ShardIndex& index, const std::filesystem::path& folder);

}  // namespace farfield
