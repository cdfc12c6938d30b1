#include <algorithm>
#include <limits>

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

std::vector<ComparisonRow> summarise(const Comparison& comparison, int64_t replicates, uint64_t seed) {
  std::vector<ComparisonRow> rows;
  const auto kinds = static_cast<int64_t>(comparison.kinds.size());
  const int64_t references = comparison.difference.size(1), levels = comparison.difference.size(2);
  for (int64_t kind = 0; kind < kinds; ++kind) {
    for (int64_t reference = 0; reference < references; ++reference) {
      std::vector<torch::Tensor> columns;
      for (int64_t level = 0; level < levels; ++level) {
        columns.push_back(comparison.difference[kind][reference][level]);
        columns.push_back(comparison.model_score[kind][level]);
        columns.push_back(comparison.reference_score[kind][reference][level]);
        columns.push_back(comparison.model_denoised[kind][level]);
        columns.push_back(comparison.reference_denoised[kind][reference][level]);
      }
      const torch::Tensor sums = torch::stack(columns, 1);
      const torch::Tensor resampled = resampled_totals(sums, replicates, seed);
      for (int64_t level = 0; level < levels; ++level) {
        const Totals totals{sums.narrow(1, level * kColumns, kColumns),
                            resampled.narrow(1, level * kColumns, kColumns)};
        ComparisonRow row = summarise_row(totals, comparison.sigmas[level], static_cast<double>(comparison.dimensions));
        row.probe = comparison.kinds[kind];
        row.reference = reference;
        row.level = level;
        rows.push_back(row);
      }
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
                               comparison.sigmas[row.level], comparison.difference.size(3)};
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
