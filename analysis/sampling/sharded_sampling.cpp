#include "analysis/sampling/sharded_sampling.h"

#include <algorithm>

#include <c10/util/accumulate.h>
#include <fmt/format.h>

#include "analysis/sampling/sample_arrays.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/shards.h"

namespace farfield {
namespace {

Arrays shard_arrays(const Samples& samples, const ShardIndex& index, int64_t shard) {
  Arrays arrays = sample_arrays(samples);
  arrays.merge(shard_marks(index, shard));
  arrays["nfe"] = torch::full({1}, samples.nfe, torch::kInt64);
  return arrays;
}

// What a kept shard holds; usage_error where it is not the one that this run would draw.
Samples kept_samples(Arrays arrays, const ShardIndex& index, int64_t shard, const std::vector<int64_t>& seeds) {
  const auto marks = shard_marks(index, shard);
  const bool ours = std::ranges::all_of(marks, [&](const auto& mark) {
    return arrays.contains(mark.first) && torch::equal(arrays[mark.first], mark.second);
  });
  const auto expected = torch::tensor(seeds, torch::kInt64);
  if (!ours || !arrays.contains("nfe") || !torch::equal(arrays["seeds"], expected))
    throw usage_error(fmt::format("shard {} that is kept is not of this run; begin anew with --force", shard));
  Samples samples;
  samples.x = arrays["x"];
  samples.seeds = expected;
  samples.classes = arrays["labels"];
  samples.nfe = arrays["nfe"].item<int64_t>();
  return samples;
}

// The first samples, shard after shard.
void add_shown(Samples& shown, const Samples& shard, int64_t most) {
  const int64_t have = shown.seeds.defined() ? shown.seeds.size(0) : 0;
  const int64_t more = std::min(most - have, shard.seeds.size(0));
  if (more <= 0) return;
  const auto add = [&](torch::Tensor& to, const torch::Tensor& from) {
    const auto rows = from.narrow(0, 0, more).clone();
    to = to.defined() ? torch::cat({to, rows}) : rows;
  };
  add(shown.x, shard.x);
  add(shown.seeds, shard.seeds);
  add(shown.classes, shard.classes);
}

void draw_shard(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, int64_t shard,
                int64_t most, const PartStore& parts, Comm& comm, ShardedSamples& result) {
  const auto of_shard = shard_request(request, result.index, shard);
  Samples samples;  // x: the root's
  const auto known = on_root(comm, [&] {
    auto arrays = parts.find(shard);
    if (arrays) samples = kept_samples(std::move(*arrays), result.index, shard, of_shard.seeds);
    return Tensors{torch::tensor({arrays ? samples.nfe : int64_t{0}}, torch::kInt64)};
  });
  if (const int64_t nfe = known[0].item<int64_t>(); nfe > 0) {
    samples.nfe = nfe;
    result.kept += result.index.size_of(shard);
  } else {
    samples = sample(denoiser, solver, of_shard, comm);
    do_on_root(comm, [&] { parts.keep(shard, shard_arrays(samples, result.index, shard)); });
    result.seconds += samples.seconds;
  }
  result.nfe = std::max(result.nfe, samples.nfe);
  if (comm.is_root()) add_shown(result.first, samples, most);
}

}  // namespace

int64_t shard_size(const SampleRequest& request, const DenoiserInfo& model, int64_t asked) {
  check(asked >= 0, "a shard has samples");
  if (asked > 0) return asked;
  const auto levels = static_cast<int64_t>(request.levels.size());
  const int64_t states = request.trajectory ? 2 * levels + 2 : 1, bytes = sizeof(double);
  const int64_t of_one = checked_product(
      "sampling: bytes of a sample", {c10::multiply_integers(model.sample_shape), states, bytes}, limits::kMostBytes);
  if (static_cast<int64_t>(request.seeds.size()) <= kWholeBytes / of_one) return 0;
  const int64_t batch = request.batch;
  return std::max<int64_t>(1, kShardBytes / of_one / batch) * batch;
}

SampleRequest shard_request(const SampleRequest& all, const ShardIndex& index, int64_t shard) {
  const int64_t first = index.first_of(shard), size = index.size_of(shard);
  SampleRequest request = all;
  request.seeds.assign(all.seeds.begin() + first, all.seeds.begin() + first + size);
  if (all.latents.defined()) request.latents = all.latents.narrow(0, first, size);
  if (all.classes.defined()) request.classes = all.classes.narrow(0, first, size);
  return request;
}

int64_t samples_kept(const ShardIndex& index, const PartStore& parts) {
  int64_t samples = 0;
  for (int64_t shard = 0; shard < index.shards(); ++shard) {
    if (parts.has(shard)) samples += index.size_of(shard);
  }
  return samples;
}

ShardedSamples sample_to_shards(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                                ShardIndex index, int64_t shown, const PartStore& parts, Comm& comm) {
  check(index.samples == static_cast<int64_t>(request.seeds.size()) && index.size > 0, "an index of the request");
  ShardedSamples result;
  result.index = std::move(index);
  try {
    for (int64_t shard = 0; shard < result.index.shards(); ++shard) {
      stop_if_interrupted();
      draw_shard(denoiser, solver, request, shard, shown, parts, comm, result);
    }
  } catch (const Error& error) {
    throw parts.said_with(error);
  }
  return result;
}

void place_shards(const ShardIndex& index, const PartStore& parts, const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  for (int64_t shard = 0; shard < index.shards(); ++shard) parts.place(shard, folder / shard_name(shard));
  write_shard_index(folder, index);
}

}  // namespace farfield
