#include "models/analytic/candidate_estimate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <vector>

#include "core/math/random.h"
#include "models/analytic/point_distances.h"

namespace farfield {
namespace {

// Kept and counts by rising index; nearest among them.
Candidates counted(const CandidateQuery& query, const std::map<int64_t, double>& log_counts, int64_t read) {
  Candidates result;
  result.nearest = std::numeric_limits<double>::infinity();
  result.read = read;
  for (const auto& [index, log_count] : log_counts) {
    result.kept.push_back(index);
    result.log_counts.push_back(log_count);
    const double squared = squared_distance_up_to(query.x, query.points + index * query.dim, query.dim, result.nearest);
    if (squared < result.nearest) result.nearest = squared, result.nearest_index = index;
  }
  return result;
}

uint64_t key_of_state(const CandidateQuery& query, double variance, uint64_t key) {
  uint64_t mixed = mix_key({key, std::bit_cast<uint64_t>(variance)});
  for (int64_t i = 0; i < query.dim; ++i) mixed = mix_key({mixed, std::bit_cast<uint64_t>(query.x[i])});
  return mixed;
}

// The nearest by their weights relative to the nearest one's, and all others together.
struct Proposal {
  std::vector<double> cumulative;  // over `kept`
  double least = 1;                // the weight of the last of them, and of every other
  double total = 0;
};

Proposal proposal_of(const CandidateQuery& query, const Candidates& found, double variance) {
  Proposal proposal;
  const float* best = query.points + found.nearest_index * query.dim;
  for (const int64_t index : found.kept) {
    const double exponent = half_difference(query.x, query.points + index * query.dim, best, query.dim) / variance;
    const double weight = std::exp(std::min(exponent, 0.0));
    proposal.least = std::min(proposal.least, weight);
    proposal.total += weight;
    proposal.cumulative.push_back(proposal.total);
  }
  const auto others = query.count - static_cast<int64_t>(found.kept.size());
  proposal.total += static_cast<double>(others) * proposal.least;
  return proposal;
}

}  // namespace

Candidates with_uniform_others(const CandidateQuery& query, Candidates found, std::span<const int64_t> order,
                               int64_t wanted) {
  std::map<int64_t, double> log_counts;
  for (const int64_t index : found.kept) log_counts[index] = 0;
  const int64_t others = query.count - static_cast<int64_t>(found.kept.size()), taken = std::min(wanted, others);
  const double log_count = std::log(static_cast<double>(others) / static_cast<double>(std::max<int64_t>(taken, 1)));
  const size_t all = found.kept.size() + static_cast<size_t>(taken);
  for (const int64_t index : order) {
    if (log_counts.size() == all) break;
    log_counts.try_emplace(index, log_count);
  }
  return counted(query, log_counts, found.read + taken);
}

Candidates drawn_candidates(const CandidateQuery& query, const Candidates& found, double variance, int64_t draws,
                            uint64_t key) {
  const Proposal proposal = proposal_of(query, found, variance);
  SplitMix64 random(key_of_state(query, variance, key));
  std::map<int64_t, double> chances, log_counts;  // log of 1 / (draws chance), and that times how often a point came
  const auto any_other = [&] {
    for (;;) {
      const auto index = static_cast<int64_t>(random.below(static_cast<uint64_t>(query.count)));
      if (!std::ranges::binary_search(found.kept, index)) return index;
    }
  };
  std::map<int64_t, int64_t> times;
  for (int64_t draw = 0; draw < draws; ++draw) {
    const double at = random.uniform() * proposal.total;
    const auto place = std::ranges::upper_bound(proposal.cumulative, at);
    const bool near = place != proposal.cumulative.end() || static_cast<int64_t>(found.kept.size()) == query.count;
    const size_t rank = std::min<size_t>(static_cast<size_t>(place - proposal.cumulative.begin()),
                                         found.kept.size() - 1);
    const int64_t index = near ? found.kept[rank] : any_other();
    const double before = rank == 0 ? 0 : proposal.cumulative[rank - 1];
    const double weight = near ? proposal.cumulative[rank] - before : proposal.least;
    chances[index] = std::log(proposal.total) - std::log(weight) - std::log(static_cast<double>(draws));
    ++times[index];
  }
  for (const auto& [index, count] : times) log_counts[index] = chances[index] + std::log(static_cast<double>(count));
  return counted(query, log_counts, found.read + static_cast<int64_t>(log_counts.size()));
}

}  // namespace farfield
