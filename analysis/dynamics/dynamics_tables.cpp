#include "analysis/dynamics/dynamics_tables.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/ratio_cell.h"
#include "core/text.h"
#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

// Apart and power of two snapshots at a reference and a level, [n] each, resampled together.
void add_rise(const DynamicsRun& run, NearestTime& time) {
  const auto column = [&](size_t snapshot, bool apart) {
    const Comparison& look = run.looks[snapshot];
    return apart ? look.difference[0][time.reference][time.level] : look.model_score[0][time.level];
  };
  const torch::Tensor sums = torch::stack(
      {column(time.last, true), column(time.last, false), column(time.least, true), column(time.least, false)}, 1);
  const torch::Tensor totals = resampled_totals(sums, run.options.probes.replicates, run.options.probes.seed);
  const auto ratio = [](const torch::Tensor& all) {
    return all.select(-1, 0) / all.select(-1, 1) / (all.select(-1, 2) / all.select(-1, 3));
  };
  const Interval95 interval = percentile_interval(ratio(totals));
  time.rise = time.last == time.least ? 1 : ratio(sums.sum(0)).item<double>();
  time.rise_low = time.last == time.least ? 1 : interval.low;
  time.rise_high = time.last == time.least ? 1 : interval.high;
}

NearestTime nearest_time(const DynamicsRun& run, const DynamicsSummary& summary, size_t reference, size_t level) {
  const auto left = [&](size_t snapshot) { return 1 - summary.at(run, snapshot, reference, level).score.value; };
  NearestTime time{
      static_cast<int64_t>(reference), static_cast<int64_t>(level), 0, run.looks.size() - 1, 0, 0, 0, 0, 0, true};
  for (size_t i = 1; i < run.looks.size(); ++i) {
    if (left(i) < left(time.least)) time.least = i;
    time.falls_always = time.falls_always && left(i) <= left(i - 1);
  }
  time.least_residual = left(time.least);
  time.last_residual = left(time.last);
  add_rise(run, time);
  return time;
}

std::string thousands(int64_t number) {
  std::string text = std::to_string(number);
  for (auto place = static_cast<int64_t>(text.size()) - 3; place > 0; place -= 3)
    text.insert(static_cast<size_t>(place), ",");
  return text;
}

// Whether the snapshots are numbered only by their place.
bool is_counted_by_place(const DynamicsRun& run) {
  for (size_t i = 0; i < run.inputs.snapshots.size(); ++i) {
    if (run.inputs.snapshots[i].images != static_cast<int64_t>(i) + 1) return false;
  }
  return true;
}

std::string reference_words(const DynamicsRun& run, int64_t reference) {
  const auto place = static_cast<size_t>(reference);
  const ReferenceKind* kind = find_reference(run.kinds[place]);
  const auto same = std::count(run.kinds.begin(), run.kinds.end(), run.kinds[place]);
  return kind != nullptr && same == 1 && !kind->words.empty() ? kind->words : run.references[place];
}

}  // namespace

const ComparisonRow& DynamicsSummary::at(const DynamicsRun& run, size_t snapshot, size_t reference,
                                         size_t level) const {
  return rows[snapshot][reference * run.options.probes.sigmas.size() + level];
}

const NearestTime& DynamicsSummary::nearest_at(const DynamicsRun& run, size_t reference, size_t level) const {
  return nearest[reference * run.options.probes.sigmas.size() + level];
}

DynamicsSummary summarise_dynamics(const DynamicsRun& run) {
  DynamicsSummary summary;
  const CompareOptions& options = run.options.probes;
  for (const Comparison& look : run.looks) summary.rows.push_back(summarise(look, options.replicates, options.seed));
  for (size_t r = 0; r < run.references.size(); ++r) {
    for (size_t s = 0; s < options.sigmas.size(); ++s) summary.nearest.push_back(nearest_time(run, summary, r, s));
  }
  return summary;
}

Table dynamics_table(const DynamicsRun& run, const DynamicsSummary& summary) {
  Table table{
      .columns = {"images", "snapshot", "reference", "sigma", "probes", "explained", "explained_low", "explained_high",
                  "residual", "reverse", "denoiser_explained", "denoiser_explained_low", "denoiser_explained_high"},
      .rows = {}};
  for (size_t i = 0; i < run.looks.size(); ++i) {
    for (const ComparisonRow& row : summary.rows[i]) {
      table.add({run.inputs.snapshots[i].images, run.inputs.snapshots[i].name,
                 run.references[static_cast<size_t>(row.reference)],
                 run.options.probes.sigmas[static_cast<size_t>(row.level)], run.options.probes.probes,
                 ratio_cell(row.score.value), ratio_cell(row.score.low), ratio_cell(row.score.high),
                 ratio_cell(1 - row.score.value), ratio_cell(row.score.reverse), ratio_cell(row.denoiser.value),
                 ratio_cell(row.denoiser.low), ratio_cell(row.denoiser.high)});
    }
  }
  return table;
}

Table nearest_table(const DynamicsRun& run, const DynamicsSummary& summary) {
  Table table{.columns = {"reference", "sigma", "images", "least_residual", "last_images", "last_residual", "rise",
                          "rise_low", "rise_high", "falls_always"},
              .rows = {}};
  for (const NearestTime& time : summary.nearest) {
    table.add({run.references[static_cast<size_t>(time.reference)],
               run.options.probes.sigmas[static_cast<size_t>(time.level)], run.inputs.snapshots[time.least].images,
               ratio_cell(time.least_residual), run.inputs.snapshots[time.last].images, ratio_cell(time.last_residual),
               ratio_cell(time.rise), ratio_cell(time.rise_low), ratio_cell(time.rise_high),
               int64_t{time.falls_always}});
  }
  return table;
}

std::string time_words(const DynamicsRun& run, size_t snapshot) {
  const Snapshot& one = run.inputs.snapshots[snapshot];
  return is_counted_by_place(run) ? "snapshot " + std::to_string(one.images) : thousands(one.images) + " images";
}

std::string dynamics_headline(const DynamicsRun& run, const DynamicsSummary& summary) {
  const NearestTime* most = nullptr;
  int64_t left = 0, falling = 0;
  for (const NearestTime& time : summary.nearest) {
    left += has_left(time);
    falling += time.falls_always;
    if (has_left(time) && (most == nullptr || time.rise > most->rise)) most = &time;
  }
  const auto all = static_cast<int64_t>(summary.nearest.size());
  if (most == nullptr) {
    return fmt::format(
        "The network has left no reference at any noise level: of {} curves {} fall from snapshot to snapshot.", all,
        falling);
  }
  return fmt::format(
      "At sigma = {} the network is nearest to {} after {} ({} % of its score left over) and has left it since: {} times "
      "that after {}; so it does in {} of {} curves, {} fall from snapshot to snapshot.",
      format_sigma(run.options.probes.sigmas[static_cast<size_t>(most->level)]), reference_words(run, most->reference),
      time_words(run, most->least), format_digits(100 * most->least_residual, 2), format_digits(most->rise, 2),
      time_words(run, most->last), left, all, falling);
}

}  // namespace farfield
