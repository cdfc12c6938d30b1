#include "analysis/compare/ranking.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "analysis/stats/bootstrap.h"
#include "analysis/stats/explained_variance.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr double kNoLead = std::numeric_limits<double>::quiet_NaN();

// The explained variances of all references, as measured and of every replicate.
struct Scores {
  torch::Tensor value;       // [R]
  torch::Tensor replicates;  // [replicates, R]
};

std::vector<RankedReference> ranked(const Scores& scores) {
  std::vector<int64_t> order(static_cast<size_t>(scores.value.size(0)));
  std::iota(order.begin(), order.end(), 0);
  const auto value = [&](int64_t reference) { return scores.value[reference].item<double>(); };
  std::ranges::stable_sort(order, std::greater<>(), value);
  std::vector<RankedReference> list;
  for (size_t place = 0; place < order.size(); ++place) {
    const torch::Tensor own = scores.replicates.select(1, order[place]);
    const Interval95 interval = percentile_interval(own.contiguous());
    RankedReference one{order[place], value(order[place]), interval.low, interval.high, kNoLead, kNoLead, kNoLead};
    if (place + 1 < order.size()) {
      const int64_t next = order[place + 1];
      const Interval95 lead = percentile_interval((own - scores.replicates.select(1, next)).contiguous());
      one.lead = one.explained - value(next);
      one.lead_low = lead.low;
      one.lead_high = lead.high;
    }
    list.push_back(one);
  }
  return list;
}

void add_rows(const Comparison& comparison, const std::vector<RankedReference>& list, const Cell& sigma, Table& table) {
  int64_t rank = 0;
  for (const RankedReference& one : list) {
    table.add({sigma, ++rank, comparison.references[static_cast<size_t>(one.reference)], one.explained,
               ratio_cell(one.low), ratio_cell(one.high), ratio_cell(one.lead), ratio_cell(one.lead_low),
               ratio_cell(one.lead_high)});
  }
}

}  // namespace

std::optional<Ranking> rank_references(const Comparison& comparison, int64_t replicates, uint64_t seed) {
  const torch::Tensor difference = comparison.difference[0], power = comparison.model_score[0];  // [R,S,n], [S,n]
  const int64_t references = difference.size(0);
  if (references < 2) return std::nullopt;
  Ranking ranking;
  ranking.probe = comparison.kinds.front();
  ranking.probes = std::numeric_limits<int64_t>::max();
  for (int64_t level = 0; level < difference.size(1); ++level) {
    const auto probes = comparison.evaluated.select(1, level).min().item<int64_t>();
    if (probes < 2) continue;
    ranking.levels.push_back(level);
    ranking.probes = std::min(ranking.probes, probes);
  }
  if (ranking.levels.empty()) return std::nullopt;

  torch::Tensor mean, mean_replicates;
  for (const int64_t level : ranking.levels) {
    const torch::Tensor columns = torch::cat({difference.select(1, level), power[level].unsqueeze(0)})
                                      .narrow(1, 0, ranking.probes)
                                      .t()
                                      .contiguous();
    const torch::Tensor total = columns.sum(0, true), totals = resampled_totals(columns, replicates, seed);
    const auto explained = [&](const torch::Tensor& of) {
      return explained_variance(of.narrow(1, 0, references), of.narrow(1, references, 1));
    };
    const Scores scores{explained(total).squeeze(0), explained(totals)};
    ranking.at_level.push_back(ranked(scores));
    const torch::Tensor value = scores.value.clamp_min(0), again = scores.replicates.clamp_min(0);
    mean = mean.defined() ? mean + value : value;
    mean_replicates = mean_replicates.defined() ? mean_replicates + again : again;
  }
  const auto levels = static_cast<double>(ranking.levels.size());
  ranking.overall = ranked({mean / levels, mean_replicates / levels});
  return ranking;
}

Table ranking_table(const Comparison& comparison, const Ranking& ranking) {
  Table table;
  table.columns = {"sigma",          "rank", "reference", "explained", "explained_low",
                   "explained_high", "lead", "lead_low",  "lead_high"};
  add_rows(comparison, ranking.overall, Cell(), table);
  for (size_t i = 0; i < ranking.levels.size(); ++i) {
    add_rows(comparison, ranking.at_level[i], comparison.sigmas[static_cast<size_t>(ranking.levels[i])], table);
  }
  return table;
}

}  // namespace farfield
