#include "models/analytic/candidate_search.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <numeric>
#include <queue>

#include "models/analytic/point_distances.h"

namespace farfield {
namespace {

constexpr double kAnyDistance = std::numeric_limits<double>::infinity();

struct Measured {
  double squared;
  int64_t index;
  auto operator<=>(const Measured&) const = default;
};

Measured measured(const CandidateQuery& query, int64_t index, double most) {
  return {squared_distance_up_to(query.x, query.points + index * query.dim, query.dim, most), index};
}

// Points with a bound of at most `most`, the lowest bound first.
std::vector<int64_t> with_bound_below(const CandidateQuery& query, double most) {
  std::vector<int64_t> indices;
  const double limit = most + query.slack;
  for (int64_t i = 0; i < query.count; ++i) {
    if (!(static_cast<double>(query.lower[i]) > limit)) indices.push_back(i);
  }
  return indices;
}

void sort_by_bound(const CandidateQuery& query, std::vector<int64_t>& indices) {
  std::ranges::sort(indices, [&](int64_t a, int64_t b) {
    return query.lower[a] != query.lower[b] ? query.lower[a] < query.lower[b] : a < b;
  });
}

std::vector<int64_t> lowest_bounds(const CandidateQuery& query, int64_t wanted) {
  std::vector<int64_t> indices(static_cast<size_t>(query.count));
  std::iota(indices.begin(), indices.end(), 0);
  if (wanted >= query.count) return indices;
  std::ranges::nth_element(indices, indices.begin() + wanted, [&](int64_t a, int64_t b) {
    return query.lower[a] != query.lower[b] ? query.lower[a] < query.lower[b] : a < b;
  });
  indices.resize(static_cast<size_t>(wanted));
  return indices;
}

Candidates result_of(std::vector<Measured> kept, double outside, int64_t read) {
  Candidates result;
  const Measured nearest = *std::ranges::min_element(kept);
  result.nearest = nearest.squared, result.nearest_index = nearest.index;
  result.outside = outside, result.read = read;
  for (const Measured& one : kept) result.kept.push_back(one.index);
  std::ranges::sort(result.kept);
  return result;
}

}  // namespace

std::optional<Candidates> within_margin(const CandidateQuery& query, double margin, int64_t most_read) {
  // What rounding of a squared distance, of d / 8 + 8 terms in a lane, may make of it: two points may be equally far.
  const double rounding = 1 + 4 * (static_cast<double>(query.dim) / 8 + 16) * std::numeric_limits<double>::epsilon();
  const float* lowest = std::min_element(query.lower, query.lower + query.count);
  Measured nearest = measured(query, lowest - query.lower, kAnyDistance);
  std::vector<int64_t> indices = with_bound_below(query, nearest.squared * rounding + margin);
  if (static_cast<int64_t>(indices.size()) > most_read) return std::nullopt;
  sort_by_bound(query, indices);
  std::vector<Measured> kept;
  int64_t read = 0;
  for (const int64_t index : indices) {
    const double most = nearest.squared * rounding + margin;
    if (static_cast<double>(query.lower[index]) > most + query.slack) break;  // and so are all that follow
    const Measured one = measured(query, index, most);
    ++read;
    if (one.squared > most) continue;
    kept.push_back(one);
    nearest = std::min(nearest, one);
  }
  const double outside = nearest.squared * rounding + margin;
  std::erase_if(kept, [&](const Measured& one) { return one.squared > outside; });
  return result_of(std::move(kept), outside, read);
}

Candidates nearest_candidates(const CandidateQuery& query, int64_t neighbours) {
  const int64_t wanted = std::min(neighbours, query.count);
  std::priority_queue<Measured> furthest;  // of the nearest so far
  std::vector<bool> seen(static_cast<size_t>(query.count));
  for (const int64_t index : lowest_bounds(query, wanted)) {
    furthest.push(measured(query, index, kAnyDistance));
    seen[static_cast<size_t>(index)] = true;
  }
  int64_t read = wanted;
  std::vector<int64_t> indices = with_bound_below(query, furthest.top().squared);
  sort_by_bound(query, indices);
  for (const int64_t index : indices) {
    if (seen[static_cast<size_t>(index)]) continue;
    if (static_cast<double>(query.lower[index]) > furthest.top().squared + query.slack) break;
    const Measured one = measured(query, index, furthest.top().squared);
    ++read;
    if (!(one < furthest.top())) continue;
    furthest.pop();
    furthest.push(one);
  }
  const double outside = wanted == query.count ? kAnyDistance : furthest.top().squared;
  std::vector<Measured> kept;
  for (; !furthest.empty(); furthest.pop()) kept.push_back(furthest.top());
  return result_of(std::move(kept), outside, read);
}

Candidates screened_candidates(const CandidateQuery& query, int64_t screened, int64_t neighbours) {
  std::vector<Measured> all;
  for (const int64_t index : lowest_bounds(query, screened)) all.push_back(measured(query, index, kAnyDistance));
  const auto wanted = std::min<int64_t>(neighbours, static_cast<int64_t>(all.size()));
  const auto read = static_cast<int64_t>(all.size());
  std::ranges::partial_sort(all, all.begin() + wanted);
  all.resize(static_cast<size_t>(wanted));
  return result_of(std::move(all), 0, read);
}

}  // namespace farfield
