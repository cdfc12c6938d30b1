#include "samplers/solvers/solver_table.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

constexpr double kLargestWeight = 1e12;

void check_weight(double value, const std::string& where) {
  if (std::abs(value) <= kLargestWeight) return;  // NaN is not
  throw usage_error(
      fmt::format("{}: a coefficient is {}, expected a number of at most 1e12 in size", where, format_double(value)));
}

void check_sigma(double value, const char* what, const std::string& where) {
  if (limits::is_sigma(value)) return;
  throw usage_error(fmt::format("{}: {} is {}, expected a number from {} to {}", where, what, format_double(value),
                                format_double(limits::kLowestSigma), format_double(limits::kHighestSigma)));
}

void check_past(const std::vector<double>& past, size_t known, const std::string& where) {
  if (past.size() > known) {
    throw usage_error(fmt::format("{}: has coefficients for {} past values, but the steps before leave {}", where,
                                  past.size(), known));
  }
  for (const double weight : past) check_weight(weight, where);
}

void check_point(const TablePoint<double>& point, size_t known, const std::string& where) {
  check_sigma(point.level, "level", where);
  check_sigma(point.network, "network", where);
  for (const double weight : {point.state, point.own, point.weight}) check_weight(weight, where);
  check_past(point.past, known, where);
}

}  // namespace

void check_table(const SolverTable& table) {
  check_levels(table.levels);
  if (table.steps.size() + 1 != table.levels.size()) {
    throw usage_error(fmt::format("has {} steps for {} levels, expected {}", table.steps.size(), table.levels.size(),
                                  table.levels.size() - 1));
  }
  size_t known = 0;
  for (size_t i = 0; i < table.steps.size(); ++i) {
    const TableStep<double>& step = table.steps[i];
    const std::string where = fmt::format("step {}", i + 1);
    check_sigma(step.network, "network", where);
    for (const double weight : {step.state, step.own}) check_weight(weight, where);
    check_past(step.past, known, where);
    for (size_t k = 0; k < step.points.size(); ++k)
      check_point(step.points[k], known, fmt::format("{}, point {}", where, k + 1));
    known += 1 + step.points.size();
  }
}

TableCounts table_counts(const SolverTable& table) {
  TableCounts counts;
  for (const auto& step : table.steps) {
    counts.evaluations += 1 + static_cast<int64_t>(step.points.size());
    counts.depth += step.points.empty() ? 1 : 2;
  }
  if (table.afs) {
    --counts.evaluations;
    --counts.depth;
  }
  return counts;
}

}  // namespace farfield
