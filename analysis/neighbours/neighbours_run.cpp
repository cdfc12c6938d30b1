#include "analysis/neighbours/neighbours_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/neighbours/neighbour_rows.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {
namespace {
constexpr int64_t kSamplesAtOnce = 1024, kFeaturesAtOnce = 64;

// What is nearest to what.
struct Sides {
  torch::Tensor samples;
  std::shared_ptr<const DataSource> data;
};

// Both as their features, in float32: what a data set holds.
Sides in_features(NeighboursRun& run, Comm& comm) {
  const NeighboursInputs& inputs = run.inputs;
  FeatureOptions options = inputs.feature_options;
  if (!options.reference) options.reference = inputs.data;
  const auto extractor = open_features(inputs.features, inputs.data->info().shape, options);
  run.contract = extractor->contract();
  const auto features_of = [&](const SampleSource& source) {
    return extract_features(*extractor, source, kFeaturesAtOnce, {}, comm).to(torch::kFloat32);
  };
  const torch::Tensor of_data = features_of(SampleSource(inputs.data));
  return {features_of(SampleSource(inputs.samples_text, inputs.samples)),
          std::make_shared<DataSource>(inputs.data->info().name, of_data, torch::Tensor(), 0)};
}

}  // namespace

NeighboursRun run_neighbours(NeighboursInputs inputs, Comm& comm) {
  check_neighbours(inputs.samples.sizes().slice(1), inputs.data->info(), inputs.k);
  NeighboursRun run{std::move(inputs), {}, {}};
  const Sides sides = run.inputs.features.empty() ? Sides{run.inputs.samples, run.inputs.data} : in_features(run, comm);
  const int64_t count = sides.samples.size(0);
  const auto range_of = [&](int64_t part) {
    return RowRange{part * kSamplesAtOnce, std::min(kSamplesAtOnce, count - part * kSamplesAtOnce)};
  };
  run.found = {torch::empty({count, run.inputs.k}, torch::kInt64),
               torch::empty({count, run.inputs.k}, torch::kFloat64)};
  Progress progress("neighbours", count, "samples");
  for_each_shard(comm, (count + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](int64_t part) {
    const RowRange range = range_of(part);
    const Neighbours found = nearest_neighbours(sides.samples.narrow(0, range.first, range.size), *sides.data,
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
