#include "analysis/sweep/sweep_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr double kMinimalRankSlack = 1.10;  // 002: "within 10 % beyond the full rank model"
constexpr double kEqualWithin = 0.05;

// 0 / 0 is nothing left of nothing.
torch::Tensor residual_ratio(const torch::Tensor& apart, const torch::Tensor& power) {
  return torch::where(apart == 0, torch::zeros_like(apart), apart / power);
}

// Sums of one level: columns [n, C], the model's power last, with their resampled totals.
class LevelTotals {
 public:
  LevelTotals(const std::vector<torch::Tensor>& apart, const torch::Tensor& power, const SweepOptions& options) {
    std::vector<torch::Tensor> columns = apart;
    columns.push_back(power);
    sums_ = torch::stack(columns, 1);
    resampled_ = resampled_totals(sums_, options.replicates, options.seed);
  }

  SweptNumber residual(int64_t column) const { return with_interval(ratios(sums_.sum(0), column), replicates(column)); }
  double per_sample(int64_t column) const { return ratios(sums_, column).mean().item<double>(); }
  // Of the first column over another.
  SweptNumber gain(int64_t column) const {
    const torch::Tensor total = sums_.sum(0);
    return with_interval(ratios(total, 0) - ratios(total, column), replicates(0) - replicates(column));
  }

 private:
  static torch::Tensor ratios(const torch::Tensor& sums, int64_t column) {
    return residual_ratio(sums.select(-1, column), sums.select(-1, sums.size(-1) - 1));
  }
  torch::Tensor replicates(int64_t column) const { return ratios(resampled_, column); }
  static SweptNumber with_interval(const torch::Tensor& value, const torch::Tensor& replicates) {
    const Interval95 interval = percentile_interval(replicates);
    return {value.item<double>(), interval.low, interval.high};
  }

  torch::Tensor sums_, resampled_;
};

size_t ranks_of(const SweepRun& run) { return run.options.ranks.size() + 1; }

void add_level(const SweepRun& run, int64_t level, SweepSummary& summary) {
  const torch::Tensor power = run.model_score[level];
  std::vector<torch::Tensor> full;
  for (size_t k = 0; k < run.mixtures.size(); ++k) {
    const torch::Tensor apart = run.mixtures[k].difference.select(1, level);  // [Q, n]
    const LevelTotals totals(apart.unbind(0), power, run.options);
    for (int64_t q = 0; q < apart.size(0); ++q) {
      summary.rows.push_back({static_cast<int64_t>(k), q, level, totals.residual(q), totals.per_sample(q)});
    }
    full.push_back(apart[apart.size(0) - 1]);
  }
  const LevelTotals exact({run.exact_difference[level]}, power, run.options);
  summary.exact.push_back({-1, -1, level, exact.residual(0), exact.per_sample(0)});
  if (run.options.components.front() != 1) return;
  const LevelTotals totals(full, power, run.options);
  for (size_t k = 1; k < full.size(); ++k) {
    summary.gains.push_back({static_cast<int64_t>(k), level, totals.gain(static_cast<int64_t>(k))});
  }
}

void add_minimal_ranks(const SweepRun& run, SweepSummary& summary) {
  for (size_t k = 0; k < run.mixtures.size(); ++k) {
    for (size_t level = 0; level < run.options.sigmas.size(); ++level) {
      const size_t last = ranks_of(run) - 1;
      const double bound = kMinimalRankSlack * summary.at(run, k, last, level).residual.value;
      size_t least = 0;
      while (least < last && !(summary.at(run, k, least, level).residual.value <= bound)) ++least;
      summary.minimal.push_back({static_cast<int64_t>(k), static_cast<int64_t>(level), swept_rank(run, k, least)});
    }
  }
}

// Of each mixture and rank, and each number of components beyond it, the least rank that leaves the same.
void add_equal_pairs(const SweepRun& run, SweepSummary& summary) {
  const size_t mixtures = run.mixtures.size(), asked = run.options.ranks.size();
  for (size_t level = 0; level < run.options.sigmas.size(); ++level) {
    for (size_t k = 0; k < mixtures; ++k) {
      for (size_t q = 0; q < asked; ++q) {
        const double left = summary.at(run, k, q, level).residual.value;
        for (size_t more = k + 1; more < mixtures; ++more) {
          for (size_t lower = 0; lower < q; ++lower) {
            const double other = summary.at(run, more, lower, level).residual.value;
            if (!(std::fabs(other / left - 1) <= kEqualWithin)) continue;
            summary.equal.push_back({static_cast<int64_t>(level), run.mixtures[k].components, run.options.ranks[q],
                                     run.mixtures[more].components, run.options.ranks[lower], left, other});
            break;
          }
        }
      }
    }
  }
}

// The mixture at full rank that leaves least at a level.
size_t best_mixture(const SweepRun& run, const SweepSummary& summary, size_t level) {
  size_t best = 0;
  const auto left = [&](size_t k) { return summary.at(run, k, ranks_of(run) - 1, level).residual.value; };
  for (size_t k = 1; k < run.mixtures.size(); ++k) {
    if (left(k) < left(best)) best = k;
  }
  return best;
}

std::string percent_left(double share) { return format_digits(100 * share, 2) + " %"; }

std::string components_word(int64_t components) {
  return components == 1 ? "one Gaussian" : fmt::format("{} Gaussians", components);
}

}  // namespace

const SweepRow& SweepSummary::at(const SweepRun& run, size_t mixture, size_t rank, size_t level) const {
  return rows[(mixture * ranks_of(run) + rank) * run.options.sigmas.size() + level];
}

SweepSummary summarise_sweep(const SweepRun& run) {
  SweepSummary summary;
  for (size_t level = 0; level < run.options.sigmas.size(); ++level)
    add_level(run, static_cast<int64_t>(level), summary);
  std::ranges::sort(summary.rows, {}, [](const SweepRow& row) { return std::tuple(row.mixture, row.rank, row.level); });
  std::ranges::sort(summary.gains, {}, [](const SweepGain& gain) { return std::tuple(gain.mixture, gain.level); });
  add_minimal_ranks(run, summary);
  add_equal_pairs(run, summary);
  return summary;
}

int64_t swept_rank(const SweepRun& run, size_t mixture, size_t place) {
  return place < run.options.ranks.size() ? run.options.ranks[place] : run.mixtures[mixture].largest_rank;
}

std::string swept_rank_word(const SweepRun& run, size_t place) {
  return place < run.options.ranks.size() ? std::to_string(run.options.ranks[place]) : "full";
}

Table sweep_table(const SweepRun& run, const SweepSummary& summary) {
  Table table{.columns = {"components", "rank", "sigma", "probes", "residual", "residual_low", "residual_high",
                          "residual_per_sample", "full", "clusters", "clusters_below"},
              .rows = {}};
  const int64_t probes = run.options.probes;
  const auto add = [&](const SweepRow& row, std::vector<Cell> first, std::vector<Cell> last) {
    first.insert(first.end(),
                 {run.options.sigmas[static_cast<size_t>(row.level)], probes, ratio_cell(row.residual.value),
                  ratio_cell(row.residual.low), ratio_cell(row.residual.high), ratio_cell(row.per_sample)});
    first.insert(first.end(), last.begin(), last.end());
    table.add(std::move(first));
  };
  for (const SweepRow& row : summary.rows) {
    const auto k = static_cast<size_t>(row.mixture), q = static_cast<size_t>(row.rank);
    const SweptMixture& mixture = run.mixtures[k];
    add(row, {mixture.components, swept_rank(run, k, q)},
        {int64_t{q == run.options.ranks.size()}, mixture.clusters, mixture.below[q]});
  }
  const int64_t samples = run.inputs.data->info().count;
  for (const SweepRow& row : summary.exact) add(row, {samples, int64_t{0}}, {int64_t{1}, samples, int64_t{0}});
  return table;
}

Table gain_table(const SweepRun& run, const SweepSummary& summary) {
  Table table{.columns = {"components", "sigma", "gain", "gain_low", "gain_high"}, .rows = {}};
  for (const SweepGain& row : summary.gains) {
    table.add({run.mixtures[static_cast<size_t>(row.mixture)].components,
               run.options.sigmas[static_cast<size_t>(row.level)], ratio_cell(row.gain.value), ratio_cell(row.gain.low),
               ratio_cell(row.gain.high)});
  }
  return table;
}

Table minimal_rank_table(const SweepRun& run, const SweepSummary& summary) {
  Table table{.columns = {"components", "sigma", "minimal_rank", "full_rank"}, .rows = {}};
  for (const MinimalRank& row : summary.minimal) {
    const SweptMixture& mixture = run.mixtures[static_cast<size_t>(row.mixture)];
    table.add({mixture.components, run.options.sigmas[static_cast<size_t>(row.level)], row.rank, mixture.largest_rank});
  }
  return table;
}

Table equal_pairs_table(const SweepRun& run, const SweepSummary& summary) {
  Table table{
      .columns = {"sigma", "components", "rank", "residual", "other_components", "other_rank", "other_residual"},
      .rows = {}};
  for (const EqualPair& pair : summary.equal) {
    table.add({run.options.sigmas[static_cast<size_t>(pair.level)], pair.fewer, pair.fewer_rank, pair.fewer_residual,
               pair.more, pair.more_rank, pair.more_residual});
  }
  return table;
}

std::string sweep_headline(const SweepRun& run, const SweepSummary& summary) {
  const size_t last = run.options.sigmas.size() - 1, full = run.options.ranks.size();
  const size_t best = best_mixture(run, summary, 0);
  const auto left = [&](size_t mixture) { return percent_left(summary.at(run, mixture, full, 0).residual.value); };
  std::string text = fmt::format(
      "Of mixtures {} best the score of {} at sigma = {}: {} is left over",
      components_word(run.mixtures[best].components) + (run.mixtures[best].components == 1 ? " explains" : " explain"),
      run.inputs.model.name, format_sigma(run.options.sigmas[0]), left(best));
  if (best > 0 && run.options.components.front() == 1) text += "; one Gaussian leaves " + left(0);
  text += fmt::format("; the data themselves leave {}", percent_left(summary.exact[0].residual.value));
  if (last == 0) return text + ".";
  const MinimalRank& rank = summary.minimal[last];  // of the first mixture
  return text + fmt::format(". At sigma = {} rank {} of {} does what its full rank does.",
                            format_sigma(run.options.sigmas[last]), rank.rank,
                            components_word(run.mixtures[0].components));
}

}  // namespace farfield
