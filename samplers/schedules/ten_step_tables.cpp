#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "samplers/schedules/schedules.h"

namespace farfield {
namespace {

using TenSteps = std::array<double, 11>;

constexpr TenSteps kSd15 = {14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
                            0.9642583904,  0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582};
constexpr TenSteps kSdxl = {14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
                            0.5550693289,  0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582};
constexpr TenSteps kSvd = {700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002};

// Stable Diffusion's training timesteps.
constexpr TenSteps kSd15Timesteps = {999, 850, 736, 645, 545, 455, 343, 233, 124, 24, 0};
constexpr TenSteps kGitsTimesteps = {999, 783, 632, 483, 350, 233, 133, 67, 33, 17, 0};

TenSteps levels_at_timesteps(const TenSteps& timesteps) {
  TenSteps levels;
  std::ranges::transform(timesteps, levels.begin(), [](double step) { return discrete_sigma((step + 1) / 1000); });
  return levels;
}

const TenSteps& table_of(std::string_view variant) {
  static const TenSteps at_timesteps = levels_at_timesteps(kSd15Timesteps);
  if (variant == "sd15") return kSd15;
  if (variant == "sdxl") return kSdxl;
  if (variant == "svd") return kSvd;
  check(variant == "sd15_timesteps", "ays: a variant without a table");
  return at_timesteps;
}

// ln sigma linear between the entries.
double entry_at(const TenSteps& table, LevelPlace place) {
  const int64_t parts = static_cast<int64_t>(table.size()) - 1, scaled = place.index * parts;
  const int64_t k = std::min(scaled / place.intervals, parts - 1), beyond = scaled - k * place.intervals;
  if (beyond == 0) return table[k];
  if (beyond == place.intervals) return table[k + 1];
  const double weight = static_cast<double>(beyond) / static_cast<double>(place.intervals);
  return std::exp((1 - weight) * std::log(table[k]) + weight * std::log(table[k + 1]));
}

}  // namespace

double ays_level(const ScheduleRange& range, LevelPlace place) { return entry_at(table_of(range.variant), place); }

double gits_sd15_level(const ScheduleRange& /*range*/, LevelPlace place) {
  static const TenSteps levels = levels_at_timesteps(kGitsTimesteps);
  return entry_at(levels, place);
}

}  // namespace farfield
