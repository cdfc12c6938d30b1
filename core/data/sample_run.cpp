#include <filesystem>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/checked_product.h"
#include "core/data/array_labels.h"
#include "core/data/array_samples.h"
#include "core/data/readers.h"
#include "core/data/sample_shards.h"
#include "core/error.h"
#include "core/limits.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

// The shards of a run, one at a time in memory, as one data set.
class RunShards {
 public:
  RunShards(const SourceRequest& request, fs::path folder)
      : request_(request), folder_(std::move(folder)), index_(read_shard_index(folder_)) {
    check_shard_files(index_, folder_);
    count_ = std::min(index_.samples, request.first());
  }

  RawSamples read() {
    for (int64_t shard = 0; index_.first_of(shard) < count_; ++shard) take(shard);
    if (request_.wants_labels())
      take_array_labels({classes_, false}, fmt::format("{}, array 'labels'", folder_.string()), all_);
    return std::move(all_);
  }

 private:
  void take(int64_t shard) {
    const fs::path file = folder_ / shard_name(shard);
    const NpzReader arrays(file);
    check_shard(index_, shard, arrays, file);
    const std::string key = request_.word("key", arrays.has("images") ? "images" : "x");
    if (!arrays.has(key)) throw bad_file(file.string(), fmt::format("no array '{}'; name another with key=NAME", key));
    RawSamples part = array_samples(request_, fmt::format("{}, array '{}'", file.string(), key),
                                    arrays.numbers(key, limits::kMostBytes));
    const auto classes = arrays.numbers("labels", limits::kMostBytes);
    if (shard == 0) begin(part);
    const int64_t first = index_.first_of(shard), expected = index_.size_of(shard),
                  size = std::min(expected, count_ - first);
    auto shape = all_.samples.sizes().vec();
    shape[0] = expected;
    if (part.samples.sizes() != shape || part.samples.scalar_type() != all_.samples.scalar_type() ||
        classes.sizes() != torch::IntArrayRef({expected})) {
      throw bad_file(file.string(), fmt::format("got samples {} and labels {}, expected {} of the same kind as in the "
                                                "first shard; copy the run again",
                                                fmt::streamed(part.samples.sizes()), fmt::streamed(classes.sizes()),
                                                fmt::streamed(torch::IntArrayRef(shape))));
    }
    all_.samples.narrow(0, first, size).copy_(part.samples.narrow(0, 0, size));
    classes_.narrow(0, first, size).copy_(classes.narrow(0, 0, size));
  }

  // All there will be, of the kind of the first shard.
  void begin(RawSamples& part) {
    auto shape = part.samples.sizes().vec();
    shape[0] = count_;
    const int64_t of_one = part.samples.numel() / std::max<int64_t>(1, part.samples.size(0));
    checked_product(fmt::format("data source '{}': bytes of the samples", request_.text()),
                    {count_, of_one, static_cast<int64_t>(part.samples.element_size())}, limits::kMostBytes);
    all_.samples = torch::empty(shape, part.samples.options());
    classes_ = torch::empty({count_}, torch::kInt64);
    all_.notes = std::move(part.notes);
    all_.warnings = std::move(part.warnings);
  }

  const SourceRequest& request_;
  fs::path folder_;
  ShardIndex index_;
  int64_t count_ = 0;
  RawSamples all_;
  torch::Tensor classes_;
};

}  // namespace

RawSamples read_sample_run(const SourceRequest& request) {
  const fs::path run = request.path();
  if (fs::is_regular_file(run / kShardFolder / kShardIndex)) return RunShards(request, run / kShardFolder).read();
  if (fs::is_regular_file(run / "samples.npz")) return read_npz_samples(request.at((run / "samples.npz").string()));
  throw bad_file(run.string(),
                 fmt::format("neither samples.npz nor {}/{}; expected the folder of a farfield sample run",
                             kShardFolder, kShardIndex));
}

}  // namespace farfield
