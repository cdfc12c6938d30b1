#include <algorithm>
#include <cmath>
#include <vector>

#include "samplers/schedules/schedules.h"

namespace farfield {
namespace {

constexpr int kTrainingLevels = 1000;

// ln alpha of the levels k = 1 ... 1000, falling; ln alpha = -ln(1 + sigma^2) / 2.
const std::vector<double>& log_alphas() {
  static const std::vector<double> table = [] {
    const double low = std::sqrt(0.00085), high = std::sqrt(0.012);
    std::vector<double> sums;
    double sum = 0;
    for (int k = 0; k < kTrainingLevels; ++k) {
      const double root_beta = low + (high - low) * k / (kTrainingLevels - 1);
      sum += 0.5 * std::log1p(-root_beta * root_beta);
      sums.push_back(sum);
    }
    return sums;
  }();
  return table;
}

// The segment whose line is used, from knot `index` to the next.
int64_t clamped_segment(int64_t index) { return std::clamp<int64_t>(index, 0, kTrainingLevels - 2); }

double time_of(double sigma) {
  const auto& table = log_alphas();
  const double log_alpha = -0.5 * std::log1p(sigma * sigma);
  const auto next = std::lower_bound(table.begin(), table.end(), log_alpha, std::greater<>());
  const int64_t k = clamped_segment(next - table.begin() - 1);
  return (static_cast<double>(k + 1) + (log_alpha - table[k]) / (table[k + 1] - table[k])) / kTrainingLevels;
}

}  // namespace

double discrete_sigma(double t) {
  const auto& table = log_alphas();
  const double place = t * kTrainingLevels - 1;
  const int64_t k = clamped_segment(static_cast<int64_t>(std::floor(place)));
  const double log_alpha = table[k] + (place - static_cast<double>(k)) * (table[k + 1] - table[k]);
  return std::sqrt(std::expm1(-2 * log_alpha));
}

double discrete_level(const ScheduleRange& range, LevelPlace place) {
  const double high = std::pow(time_of(range.sigma_max), 1 / range.rho);
  const double low = std::pow(time_of(range.sigma_min), 1 / range.rho);
  return discrete_sigma(std::pow(high + place.fraction() * (low - high), range.rho));
}

}  // namespace farfield
