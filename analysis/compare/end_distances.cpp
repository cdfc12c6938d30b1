#include "analysis/compare/end_distances.h"

#include <algorithm>
#include <limits>

#include "analysis/paths/curve.h"
#include "analysis/stats/agreement.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr double kNoDifference = std::numeric_limits<double>::quiet_NaN();

// The nearest of all but `path`; -1: none.
int64_t nearest_other(const std::vector<EndDistance>& ends, int64_t path) {
  int64_t nearest = -1;
  double least = std::numeric_limits<double>::infinity();
  for (const EndDistance& one : ends) {
    if (one.path == path || !(one.mean < least)) continue;
    nearest = one.path;
    least = one.mean;
  }
  return nearest;
}

void compare_with_other(const torch::Tensor& distances, EndDistance& one) {
  if (one.other < 0) return;
  const torch::Tensor difference = distances[one.path] - distances[one.other];  // NaN where one of them has no value
  const Average average = average_of(difference);
  if (average.count == 0) return;
  one.difference = average.mean;
  one.difference_low = average.low;
  one.difference_high = average.high;
  one.nearer = (difference < 0).sum().item<double>() / static_cast<double>(average.count);
}

}  // namespace

torch::Tensor end_errors(const Trajectories& trajectories) { return trajectories.ends[agreement_index("mse")]; }

std::vector<EndDistance> end_distances(const torch::Tensor& distances) {
  std::vector<EndDistance> ends;
  for (int64_t path = 0; path < distances.size(0); ++path) {
    const Average average = average_of(distances[path]);
    if (average.count == 0) continue;
    ends.push_back({path, average.count, average.mean, average.std, average.low, average.high, -1, kNoDifference,
                    kNoDifference, kNoDifference, kNoDifference});
  }
  for (EndDistance& one : ends) {
    one.other = nearest_other(ends, one.path);
    compare_with_other(distances, one);
  }
  return ends;
}

Table end_table(const std::vector<std::string>& paths, const std::vector<EndDistance>& ends,
                const std::string& measure) {
  Table table;
  table.columns = {"reference", "samples",    measure + "_mean", measure + "_std",  measure + "_low", measure + "_high",
                   "other",     "difference", "difference_low",  "difference_high", "nearer"};
  for (const EndDistance& one : ends) {
    table.add({paths[static_cast<size_t>(one.path)], one.samples, one.mean, one.std, ratio_cell(one.low),
               ratio_cell(one.high), one.other < 0 ? Cell() : Cell(paths[static_cast<size_t>(one.other)]),
               ratio_cell(one.difference), ratio_cell(one.difference_low), ratio_cell(one.difference_high),
               ratio_cell(one.nearer)});
  }
  return table;
}

}  // namespace farfield
