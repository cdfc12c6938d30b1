#include "samplers/schedules/step_weights.h"

#include <cmath>

#include "samplers/schedules/noise_levels.h"

namespace farfield {

std::vector<StepWeight> step_weights(const std::vector<double>& levels) {
  check_levels(levels);
  std::vector<StepWeight> weights;
  for (size_t i = 0; i + 1 < levels.size(); ++i) {
    const double from = levels[i], to = levels[i + 1];
    weights.push_back({from, (from - to) / from, std::log(from / to)});
  }
  return weights;
}

Table weight_table(const std::vector<double>& levels) {
  Table table{.columns = {"sigma", "weight", "log_step"}, .rows = {}};
  for (const auto& [sigma, weight, log_step] : step_weights(levels))
    table.add({sigma, weight, std::isfinite(log_step) ? Cell(log_step) : Cell()});
  return table;
}

}  // namespace farfield
