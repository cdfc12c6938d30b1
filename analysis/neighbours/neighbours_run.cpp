#include "analysis/neighbours/neighbours_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/neighbours/neighbour_rows.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {
namespace {
constexpr int64_t kSamplesAtOnce = 1024;

}  // namespace

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
