#include "analysis/neighbours/neighbours_run.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "analysis/neighbours/neighbour_rows.h"
#include "core/data/sample_shards.h"
#include "core/error.h"
#include "core/io/npz_reader.h"
#include "core/progress.h"
#include "core/shards.h"
#include "core/source_form.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kSamplesAtOnce = 1024;
constexpr const char* kStates = "x";  // of samples.npz: what the solver returned

// samples.npz in the folder of a run, or the file itself where it has such states.
fs::path file_of_states(const std::string& text) {
  const fs::path file = fs::is_directory(text) ? fs::path(text) / "samples.npz" : fs::path(text);
  if (file.extension() != ".npz" || !fs::is_regular_file(file)) return {};
  return NpzReader(file).has(kStates) ? file : fs::path();
}

}  // namespace

torch::Tensor read_samples(const std::string& text) {
  if (const fs::path file = file_of_states(text); !file.empty()) {
    torch::Tensor states = NpzReader(file).numbers(kStates);
    if (!states.is_floating_point() || states.dim() < 2 || states.size(0) < 1)
      throw bad_file(file.string(), "array 'x' holds no samples, expected floating point [N, ...shape]");
    return states;
  }
  const bool sharded = fs::exists(fs::path(text) / kShardFolder / kShardIndex);
  const SourceForm of_run{"samples", text, {fmt::format("key={}", kStates)}};
  const auto data = open_data(sharded ? source_text(of_run, data_source_prefixes()) : text);
  return data->rows(0, data->info().count);
}

NeighboursRun run_neighbours(NeighboursInputs inputs, Comm& comm) {
  const torch::Tensor& samples = inputs.samples;
  check_neighbours(samples.sizes().slice(1), inputs.data->info(), inputs.k);
  const int64_t count = samples.size(0);
  const auto range_of = [&](int64_t part) {
    return RowRange{part * kSamplesAtOnce, std::min(kSamplesAtOnce, count - part * kSamplesAtOnce)};
  };
  NeighboursRun run{std::move(inputs), {}};
  run.found = {torch::empty({count, run.inputs.k}, torch::kInt64),
               torch::empty({count, run.inputs.k}, torch::kFloat64)};
  Progress progress("neighbours", count, "samples");
  for_each_shard(comm, (count + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](int64_t part) {
    const RowRange range = range_of(part);
    const Neighbours found = nearest_neighbours(run.inputs.samples.narrow(0, range.first, range.size), *run.inputs.data,
                                                run.inputs.k);
    return Tensors{found.index, found.distance};
  }, [&](int64_t part, const Tensors& found) {
    const RowRange range = range_of(part);
    run.found.index.narrow(0, range.first, range.size).copy_(found[0]);
    run.found.distance.narrow(0, range.first, range.size).copy_(found[1]);
    progress.advance(range.size);
  });
  return run;
}

Table neighbours_table(const NeighboursRun& run) {
  Table table{.columns = {"sample", "rank", "index", "label", "distance"}, .rows = {}};
  for (int64_t i = 0; i < run.found.index.size(0); ++i)
    add_neighbour_rows(run.found, i, run.inputs.data->labels(), {i}, table);
  return table;
}

}  // namespace farfield
