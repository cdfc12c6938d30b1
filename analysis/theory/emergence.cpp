#include "analysis/theory/emergence.h"

#include <algorithm>
#include <functional>

namespace farfield {
namespace {

std::optional<int64_t> step_with(const std::vector<double>& levels, double sigma) {
  for (size_t n = 0; n + 1 < levels.size(); ++n) {
    if (levels[n] >= sigma && sigma > levels[n + 1]) return static_cast<int64_t>(n);
  }
  return std::nullopt;
}

}  // namespace

std::vector<EmergenceRow> emergence(const GaussianStats& gaussian, const std::vector<double>& levels) {
  const torch::Tensor values = gaussian.eigenvalues.contiguous();
  const double total = gaussian.total_variance();
  double sum = 0;
  std::vector<EmergenceRow> rows;
  const auto add = [&](int64_t component, double eigenvalue, int64_t directions) {
    sum += eigenvalue * static_cast<double>(directions);
    const CriticalLevels critical = critical_levels(eigenvalue);
    rows.push_back({component, eigenvalue, directions, critical, step_with(levels, critical.half_power),
                    total > 0 ? sum / total : 0});
  };
  for (int64_t k = 0; k < gaussian.rank(); ++k) add(k + 1, values[k].item<double>(), 1);
  if (gaussian.tail > 0 && gaussian.dim() > gaussian.rank()) add(0, gaussian.tail, gaussian.dim() - gaussian.rank());
  return rows;
}

Table emergence_table(const std::vector<EmergenceRow>& rows) {
  Table table{.columns = {"component", "directions", "eigenvalue", "half_power_sigma", "steepest_sigma",
                          "steepest_log_sigma", "critical_alpha", "step", "cumulative_share"},
              .rows = {}};
  for (const EmergenceRow& row : rows) {
    table.add({row.component, row.directions, row.eigenvalue, row.levels.half_power, row.levels.steepest,
               row.levels.steepest_log, row.levels.alpha, row.step ? Cell(*row.step) : Cell(), row.share});
  }
  return table;
}

GaussianStats gaussian_of_eigenvalues(std::vector<double> eigenvalues) {
  std::sort(eigenvalues.begin(), eigenvalues.end(), std::greater<>());
  const auto count = static_cast<int64_t>(eigenvalues.size());
  GaussianStats gaussian{torch::zeros({count}, torch::kFloat64), torch::eye(count, torch::kFloat64),
                         torch::tensor(eigenvalues, torch::kFloat64), 0, 0};
  gaussian.validate();
  return gaussian;
}

}  // namespace farfield
