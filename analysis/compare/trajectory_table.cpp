#include <cmath>
#include <limits>

#include "analysis/compare/trajectories.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// Ratio of totals and its interval; [n] each.
void ratio(const torch::Tensor& residual, const torch::Tensor& power, int64_t replicates, uint64_t seed, double& value,
           double& low, double& high) {
  const torch::Tensor totals = resampled_totals(torch::stack({residual, power}, 1), replicates, seed);
  const Interval95 interval = percentile_interval(totals.select(1, 0) / totals.select(1, 1));
  value = residual.sum().item<double>() / power.sum().item<double>();
  low = interval.low;
  high = interval.high;
}

}  // namespace

std::vector<TrajectoryRow> summarise(const Trajectories& trajectories, int64_t replicates, uint64_t seed) {
  std::vector<TrajectoryRow> rows;
  const auto levels = static_cast<int64_t>(trajectories.levels.size());
  const double numbers = static_cast<double>(trajectories.samples[0][0].numel());
  for (int64_t path = 0; path < static_cast<int64_t>(trajectories.paths.size()); ++path) {
    const int64_t count = trajectories.counts[static_cast<size_t>(path)];
    const auto seeds = [&](const torch::Tensor& values) { return values.narrow(-1, 0, count); };
    for (int64_t level = 0; level < levels && count > 0; ++level) {
      TrajectoryRow row{path,     level,    count,    kNoValue, kNoValue, kNoValue,
                        kNoValue, kNoValue, kNoValue, kNoValue, kNoValue, kNoValue};
      const torch::Tensor difference = seeds(trajectories.state_difference[path][level]);
      const torch::Tensor state = seeds(trajectories.state[level]);
      ratio(difference, state, replicates, seed, row.deviation, row.low, row.high);
      const torch::Tensor own = difference / state;
      row.q25 = own.nanquantile(0.25).item<double>();
      row.q75 = own.nanquantile(0.75).item<double>();
      if (level + 1 < levels) {
        ratio(seeds(trajectories.denoised_difference[path][level]), seeds(trajectories.denoised[level]), replicates,
              seed, row.denoiser_deviation, row.denoiser_low, row.denoiser_high);
      }
      row.rms = std::sqrt(difference.sum().item<double>() / (numbers * static_cast<double>(count)));
      rows.push_back(row);
    }
  }
  return rows;
}

Table trajectory_table(const Trajectories& trajectories, const std::vector<TrajectoryRow>& rows) {
  Table table;
  table.columns = {"reference",
                   "sigma",
                   "samples",
                   "deviation",
                   "deviation_low",
                   "deviation_high",
                   "denoiser_deviation",
                   "denoiser_deviation_low",
                   "denoiser_deviation_high",
                   "rms",
                   "mse",
                   "deviation_q25",
                   "deviation_q75"};
  for (const TrajectoryRow& row : rows) {
    std::vector<Cell> cells = {trajectories.paths[row.path], trajectories.levels[row.level], row.samples};
    for (double value : {row.deviation, row.low, row.high, row.denoiser_deviation, row.denoiser_low, row.denoiser_high,
                         row.rms, row.rms * row.rms, row.q25, row.q75}) {
      cells.push_back(ratio_cell(value));
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace farfield
