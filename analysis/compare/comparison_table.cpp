#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "analysis/compare/comparison.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/explained_variance.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

// Columns of per-probe sums and their resampled totals: everything a row is made of.
struct Totals {
  torch::Tensor sums;        // [n, C]
  torch::Tensor replicates;  // [R, C]

  torch::Tensor probes(int64_t column) const { return sums.select(1, column); }
  double total(int64_t column) const { return probes(column).sum().item<double>(); }
  torch::Tensor resampled(int64_t column) const { return replicates.select(1, column); }
};

enum Column { kDifference, kModelScore, kReferenceScore, kModelDenoised, kReferenceDenoised, kColumns };

Explained explain(const Totals& totals, Column model, Column reference) {
  const double residual = totals.total(kDifference);
  const Interval95 interval = percentile_interval(
      explained_variance(totals.resampled(kDifference), totals.resampled(model)));
  Explained result;
  result.value = explained_variance(residual, totals.total(model));
  result.low = interval.low;
  result.high = interval.high;
  result.per_sample = explained_variance(totals.probes(kDifference), totals.probes(model)).mean().item<double>();
  result.reverse = explained_variance(residual, totals.total(reference));
  return result;
}

ComparisonRow summarise_row(const Totals& totals, double sigma, double dimensions) {
  const double per_number = 1 / (static_cast<double>(totals.sums.size(0)) * dimensions);
  const Interval95 mse = percentile_interval(totals.resampled(kDifference) * per_number);
  const double to_score = 1 / (sigma * sigma * sigma * sigma);
  ComparisonRow row;
  row.score = explain(totals, kModelScore, kReferenceScore);
  row.denoiser = explain(totals, kModelDenoised, kReferenceDenoised);
  row.denoiser_mse = totals.total(kDifference) * per_number;
  row.denoiser_mse_low = mse.low;
  row.denoiser_mse_high = mse.high;
  row.score_mse = row.denoiser_mse * to_score;
  row.score_mse_low = mse.low * to_score;
  row.score_mse_high = mse.high * to_score;
  return row;
}

void add_explained(std::vector<Cell>& cells, const Explained& explained) {
  for (double value : {explained.value, explained.low, explained.high, explained.per_sample, explained.reverse}) {
    cells.push_back(ratio_cell(value));
  }
}

}  // namespace

namespace {

// The rows of one reference at the levels where it was evaluated at `samples` probes. Those levels share their draws.
void add_rows(const Comparison& c, int64_t kind, int64_t reference, const std::vector<int64_t>& levels, int64_t samples,
              const std::function<torch::Tensor(const torch::Tensor&)>& resample, std::vector<ComparisonRow>& rows) {
  std::vector<torch::Tensor> columns;
  for (const int64_t level : levels) {
    for (const auto& values :
         {c.difference[kind][reference][level], c.model_score[kind][level], c.reference_score[kind][reference][level],
          c.model_denoised[kind][level], c.reference_denoised[kind][reference][level]})
      columns.push_back(values.narrow(0, 0, samples));
  }
  const torch::Tensor sums = torch::stack(columns, 1), resampled = resample(sums);
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto first = static_cast<int64_t>(i) * kColumns;
    const Totals totals{sums.narrow(1, first, kColumns), resampled.narrow(1, first, kColumns)};
    ComparisonRow row = summarise_row(totals, c.sigmas[static_cast<size_t>(levels[i])],
                                      static_cast<double>(c.dimensions));
    row.probe = c.kinds[static_cast<size_t>(kind)];
    row.reference = reference;
    row.level = levels[i];
    row.samples = samples;
    rows.push_back(row);
  }
}

}  // namespace

std::vector<ComparisonRow> summarise(const Comparison& comparison, int64_t replicates, uint64_t seed) {
  std::vector<ComparisonRow> rows;
  const auto resample = [&](const torch::Tensor& sums) { return resampled_totals(sums, replicates, seed); };
  for (int64_t kind = 0; kind < std::ssize(comparison.kinds); ++kind) {
    for (int64_t reference = 0; reference < comparison.difference.size(1); ++reference) {
      std::map<int64_t, std::vector<int64_t>> levels;  // by the number of probes
      for (int64_t level = 0; level < comparison.difference.size(2); ++level) {
        const auto count = comparison.evaluated[reference][level].item<int64_t>();
        if (count > 0) levels[count].push_back(level);
      }
      for (const auto& [samples, of] : levels) add_rows(comparison, kind, reference, of, samples, resample, rows);
    }
  }
  return rows;
}

Table comparison_table(const Comparison& comparison, const std::vector<ComparisonRow>& rows) {
  Table table;
  table.columns = {"probe", "reference", "sigma", "samples"};
  for (const char* prefix : {"", "denoiser_"}) {
    for (const char* name :
         {"explained", "explained_low", "explained_high", "explained_per_sample", "explained_reverse"}) {
      table.columns.push_back(std::string(prefix) + name);
    }
  }
  for (const char* name :
       {"score_mse", "score_mse_low", "score_mse_high", "denoiser_mse", "denoiser_mse_low", "denoiser_mse_high"}) {
    table.columns.emplace_back(name);
  }
  for (const ComparisonRow& row : rows) {
    std::vector<Cell> cells = {std::string(to_string(row.probe)), comparison.references[row.reference],
                               comparison.sigmas[row.level], row.samples};
    add_explained(cells, row.score);
    add_explained(cells, row.denoiser);
    for (double value : {row.score_mse, row.score_mse_low, row.score_mse_high, row.denoiser_mse, row.denoiser_mse_low,
                         row.denoiser_mse_high}) {
      cells.emplace_back(value);
    }
    table.add(std::move(cells));
  }
  return table;
}

std::optional<double> explained_from(const Comparison& comparison, const std::vector<ComparisonRow>& rows,
                                     ProbeKind probe, int64_t reference, double threshold) {
  std::vector<const ComparisonRow*> falling;
  for (const ComparisonRow& row : rows) {
    if (row.probe == probe && row.reference == reference) falling.push_back(&row);
  }
  std::sort(falling.begin(), falling.end(), [](auto* a, auto* b) { return a->level > b->level; });
  std::optional<double> from;
  for (const ComparisonRow* row : falling) {
    if (!(row->score.low >= threshold)) break;
    from = comparison.sigmas[row->level];
  }
  return from;
}

}  // namespace farfield
