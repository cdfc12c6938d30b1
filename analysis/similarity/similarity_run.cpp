#include "analysis/similarity/similarity_run.h"

#include <cmath>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/paths/path_batches.h"
#include "analysis/similarity/perceptual_distance.h"
#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

std::string shape_words(const SampleSource& source) {
  return fmt::format("{} of [{}] in '{}'", source.count(), join(source.shape(), ","), source.text());
}

// Places by seed; usage_error for one that stands twice.
std::map<int64_t, int64_t> places_of(const SampleSource& source) {
  const Tensor all = source.seeds();
  const auto seeds = all.accessor<int64_t, 1>();
  std::map<int64_t, int64_t> places;
  for (int64_t i = 0; i < source.count(); ++i) {
    if (!places.emplace(seeds[i], i).second)
      throw usage_error(
          fmt::format("'{}' has seed {} twice; samples are paired by their seeds", source.text(), seeds[i]));
  }
  return places;
}

Tensor partners(const SampleSource& a, const SampleSource& b) {
  if (a.shape() != b.shape() || a.count() != b.count())
    throw usage_error(fmt::format("samples are paired one by one: {} against {}", shape_words(a), shape_words(b)));
  Tensor partner = torch::arange(a.count(), torch::kInt64);
  if (!a.seeds().defined() || !b.seeds().defined()) return partner;
  const std::map<int64_t, int64_t> of_a = places_of(a), of_b = places_of(b);
  for (const auto& [seed, place] : of_a) {
    const auto found = of_b.find(seed);
    if (found == of_b.end())
      throw usage_error(
          fmt::format("seed {} of '{}' is not in '{}'; sample both from the same seeds", seed, a.text(), b.text()));
    partner[place] = found->second;
  }
  return partner;
}

Tensor rows_at(const SampleSource& source, const Tensor& places) {
  Tensors rows;
  for (int64_t i = 0; i < places.numel(); ++i) rows.push_back(source.rows(places[i].item<int64_t>(), 1));
  return torch::cat(rows);
}

void check_finite_pairs(const Tensor& errors, RowRange rows) {
  const Tensor finite = errors.isfinite();
  if (!finite.all().item<bool>())
    throw numeric_error(fmt::format("similarity: pair {} holds a value that is not finite",
                                    rows.first + finite.logical_not().nonzero()[0].item<int64_t>()));
}

}  // namespace

SimilarityRun run_similarity(SimilarityInputs inputs, const PartStore& parts, Comm& comm) {
  SimilarityRun run{std::move(inputs), {}, {}, {}, {}};
  const SimilarityInputs& asked = run.inputs;
  run.partner = partners(asked.a, asked.b);
  std::unique_ptr<PerceptualDistance> perceptual;
  if (!asked.features.empty())
    perceptual = std::make_unique<PerceptualDistance>(asked.features, asked.a.shape(), asked.resize, asked.trust,
                                                      asked.device);
  if (perceptual) run.contract = perceptual->form().contract;
  BatchWork work;
  work.what = "distances";
  work.count = asked.a.count();
  work.batch = asked.batch;
  work.names = {"mse"};
  if (perceptual) work.names.push_back("maps");
  work.measure = [&](RowRange rows, Progress& progress) {
    const Tensor a = asked.a.rows(rows.first, rows.size);
    const Tensor b = rows_at(asked.b, run.partner.narrow(0, rows.first, rows.size));
    Arrays found = {{"mse", (a.to(torch::kFloat64) - b.to(torch::kFloat64)).square_().flatten(1).mean(1)}};
    check_finite_pairs(found.at("mse"), rows);
    if (perceptual) found.emplace("maps", (*perceptual)(a, b).contiguous());
    progress.advance(rows.size);
    return found;
  };
  const Arrays found = measure_batches(work, parts, comm);
  run.mse = found.at("mse");
  if (perceptual) run.maps = found.at("maps");
  return run;
}

Table similarity_table(const SimilarityRun& run) {
  Table table{.columns = {"pair", "a", "b", "seed", "mse", "rms"}, .rows = {}};
  if (run.perceptual()) table.columns.emplace_back("perceptual");
  const Tensor seeds = run.inputs.a.seeds(), distance = run.distance();
  const bool seeded = seeds.defined() && run.inputs.b.seeds().defined();
  for (int64_t i = 0; i < run.mse.numel(); ++i) {
    const double mse = run.mse[i].item<double>();
    std::vector<Cell> row = {i, i, run.partner[i].item<int64_t>()};
    if (seeded) {
      row.emplace_back(seeds[i].item<int64_t>());
    } else {
      row.emplace_back();
    }
    row.emplace_back(mse);
    row.emplace_back(std::sqrt(mse));
    if (run.perceptual()) row.emplace_back(distance[i].item<double>());
    table.add(std::move(row));
  }
  return table;
}

std::string similarity_headline(const SimilarityRun& run) {
  const Average error = average_of(run.mse);
  std::string text = fmt::format("The mean squared error of {} pairs is {} on average", run.mse.numel(),
                                 format_measured(error.mean, error.low, error.high));
  if (run.perceptual()) {
    const Average distance = average_of(run.distance());
    text += fmt::format(", their perceptual distance {}", format_measured(distance.mean, distance.low, distance.high));
  }
  const int64_t same = (run.mse == 0).sum().item<int64_t>();
  return text + (same > 0 ? fmt::format("; {} pairs are the same.", same) : ".");
}

}  // namespace farfield
