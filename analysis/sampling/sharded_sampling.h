#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/sample_shards.h"
#include "models/denoiser.h"
#include "samplers/sampler.h"

namespace farfield {

// More samples than memory should hold: drawn shard by shard, each kept in a file before the next begins.

// Bytes of a shard's states from which on `sample` writes shards without being asked, and the most that each then has.
inline constexpr int64_t kWholeBytes = int64_t{1} << 28, kShardBytes = int64_t{1} << 26;

// Samples of a shard: `asked`; else 0 (no shards) where all states have at most kWholeBytes, trajectories included, else as
// many whole batches as kShardBytes hold, at least one. `asked` >= 0.
int64_t shard_size(const SampleRequest& request, const DenoiserInfo& model, int64_t asked);

// What came of a sharded run.
struct ShardedSamples {
  ShardIndex index;
  Samples first;       // the first of them, at most `shown`, without trajectories; the root's
  int64_t nfe = 0;     // denoiser calls that made one sample; of the slowest batch
  int64_t kept = 0;    // samples that an earlier run had made
  double seconds = 0;  // wall time in which this run drew the others; of the slowest rank
};

// The samples of one shard.
SampleRequest shard_request(const SampleRequest& all, const ShardIndex& index, int64_t shard);

// The samples in shards that `parts` keeps.
int64_t samples_kept(const ShardIndex& index, const PartStore& parts);

// Draws the samples of `request`, index.size at a time; ranks share each shard. A shard that `parts` keeps is read, not
// drawn, after its marks and seeds are checked (on_evaluation hears nothing of it); the others are kept there, with the arrays of sample_arrays(), shard_marks()
// and `nfe` [1] int64. At a time a rank holds the states of one shard, the root its file, too; apart from those, 8 bytes a
// sample: the seeds. The files have the same bytes for any number of ranks and of interruptions. An interruption or io_error
// says what is kept and how to go on.
ShardedSamples sample_to_shards(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                                ShardIndex index, int64_t shown, const PartStore& parts, Comm& comm = alone());

// The shards and their index in `folder`, which is made. The root alone.
void place_shards(const ShardIndex& index, const PartStore& parts, const std::filesystem::path& folder);

}  // namespace farfield
