#include "samplers/solvers/table_solver.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/solvers/analytical_first_step.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/slope.h"

namespace farfield {
namespace {

constexpr std::string_view kTablePrefix = "table:";
constexpr size_t kTermsAtOnce = 8;  // what linear_combination() takes

struct TableMemory final : StepMemory {
  std::vector<torch::Tensor> past;  // newest first
  size_t next = 0;
};

// linear_combination() of any number of terms.
torch::Tensor combine_all(std::vector<Term> terms) {
  while (terms.size() > kTermsAtOnce) {
    const std::vector<Term> first(terms.begin(), terms.begin() + kTermsAtOnce);
    terms.erase(terms.begin() + 1, terms.begin() + kTermsAtOnce);
    terms.front() = {1, linear_combination(first)};
  }
  return linear_combination(terms);
}

std::vector<Term> terms_of(double state, const torch::Tensor& x, double own, const torch::Tensor& m,
                           const std::vector<double>& past, const std::vector<torch::Tensor>& values) {
  std::vector<Term> terms = {{state, x}, {own, m}};
  for (size_t j = 0; j < past.size(); ++j) terms.push_back({past[j], values.at(j)});
  return terms;
}

class TableSolver final : public Solver {
 public:
  TableSolver(SolverTable table, std::string name) : table_(std::move(table)), name_(std::move(name)) {
    check_table(table_);
    for (const auto& step : table_.steps) {
      longest_ = std::max(longest_, step.past.size());
      for (const auto& point : step.points) longest_ = std::max(longest_, point.past.size());
    }
  }

  std::string_view name() const override { return name_; }
  int order() const override { return 1; }
  bool starts_analytically() const { return table_.afs; }

  std::vector<double> plan_levels(std::vector<double> levels) const override {
    if (levels == table_.levels) return levels;
    throw usage_error(
        fmt::format("solver {}: is a table of {} steps from {} to {}, asked for {} from {} to {}{}; "
                    "leave the schedule and its options out, or name the table as schedule, too",
                    name_, table_.steps.size(), format_double(table_.levels.front()),
                    format_double(table_.levels.back()), levels.size() - 1, format_double(levels.front()),
                    format_double(levels.back()), levels.size() == table_.levels.size() ? " over other levels" : ""));
  }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    for (size_t i = 0; i < plan.intervals.size(); ++i) {
      if (plan.intervals[i].from != table_.levels[i])
        throw usage_error(fmt::format("solver {}: a table takes no churn; leave it out", name_));
    }
    return std::make_unique<TableMemory>();
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    auto& run = static_cast<TableMemory&>(*memory);
    const bool analytic = run.next == 0 && table_.afs;
    const TableStep<double>& step = table_.steps.at(run.next++);
    const auto denoised = analytic ? with_analytical_first_step(denoise)(x, interval.from) : denoise(x, step.network);
    const auto own = value(x, denoised, interval.from);
    std::vector<torch::Tensor> values = {own};
    auto terms = terms_of(step.state, x, step.own, own, step.past, run.past);
    for (const auto& point : step.points) {
      const auto x_k = combine_all(terms_of(point.state, x, point.own, own, point.past, run.past));
      values.push_back(value(x_k, denoise(x_k, point.network), point.level));
      terms.push_back({point.weight, values.back()});
    }
    for (const auto& one : values) run.past.insert(run.past.begin(), one);
    if (run.past.size() > longest_) run.past.resize(longest_);
    return {combine_all(std::move(terms)), denoised};
  }

 private:
  torch::Tensor value(const torch::Tensor& x, const torch::Tensor& denoised, double level) const {
    return table_.prediction == Prediction::kSlope ? slope(x, denoised, level) : denoised;
  }

  SolverTable table_;
  std::string name_;
  size_t longest_ = 0;
};

}  // namespace

std::unique_ptr<const Solver> make_table_solver(SolverTable table, std::string name) {
  return std::make_unique<TableSolver>(std::move(table), std::move(name));
}

bool starts_analytically(const Solver& solver) {
  const auto* table = dynamic_cast<const TableSolver*>(&solver);
  return table != nullptr && table->starts_analytically();
}

std::optional<std::filesystem::path> table_named(std::string_view text) {
  if (!text.starts_with(kTablePrefix)) return std::nullopt;
  return std::filesystem::path(text.substr(kTablePrefix.size()));
}

}  // namespace farfield
