#include "samplers/table_of_solver.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

constexpr double kNothing = 1e-13;  // of the largest coefficient: rounding

// One evaluation: the coordinates of the state it was made at, first that of x_0, then those of all slopes by number.
struct Call {
  torch::Tensor state;
  double sigma;
};

struct RecordedStep {
  torch::Tensor from, to;  // coordinates of the states
  std::vector<Call> calls;
};

[[noreturn]] void refuse_solver(const Solver& solver, const std::string& why) {
  throw usage_error(fmt::format(
      "solver {}: {}; name one whose steps are the same sums for every sample, such as ipndm4", solver.name(), why));
}

std::vector<RecordedStep> record_steps(const Solver& solver, const std::vector<double>& levels, int64_t evaluations) {
  std::vector<RecordedStep> steps;
  std::vector<Call> calls;
  int64_t number = 0;
  const DenoiseFn symbols = [&](const torch::Tensor& x, double sigma) {
    calls.push_back({x[0].clone(), sigma});
    auto denoised = x.clone();
    denoised[0][++number] -= sigma;  // the slope is the next unit vector
    return denoised;
  };
  IntegrateOptions options;
  options.observer = [&](const StepView& view) {
    steps.push_back({view.x_before[0].clone(), view.x_after[0].clone(), std::move(calls)});
    calls.clear();
  };
  auto start = torch::zeros({1, evaluations + 1}, torch::kFloat64);
  start[0][0] = 1;
  integrate(solver, symbols, start, levels, options);
  return steps;
}

// Takes apart what was added to a state in a step: coefficients of the step's first value, of its points and of those before.
class StepReader {
 public:
  StepReader(const Solver& solver, int64_t first, int64_t count) : solver_(solver), first_(first), count_(count) {}

  struct Sum {
    double own;
    std::vector<double> points, past;  // past: newest first
  };
  Sum read(const torch::Tensor& from, const torch::Tensor& to) const {
    const torch::Tensor added = (to - from).contiguous();
    const double* value = added.const_data_ptr<double>();
    const double least = kNothing * std::max(1.0, added.abs().max().item<double>());
    const auto number = [&](int64_t i) { return std::abs(value[i]) <= least ? 0 : value[i]; };
    if (number(0) != 0) refuse_solver(solver_, "does not keep a state whose slope is 0");
    Sum sum{number(1 + first_), {}, {}};
    for (int64_t k = 1; k < count_; ++k) sum.points.push_back(number(1 + first_ + k));
    for (int64_t j = first_ - 1; j >= 0; --j) sum.past.push_back(number(1 + j));
    while (!sum.past.empty() && sum.past.back() == 0) sum.past.pop_back();
    return sum;
  }

 private:
  const Solver& solver_;
  int64_t first_, count_;  // of the step's evaluations
};

TableStep<double> read_step(const Solver& solver, const RecordedStep& step, double level, int64_t first) {
  if (step.calls.empty() || step.calls[0].sigma != level || !step.calls[0].state.equal(step.from))
    refuse_solver(solver, "does not evaluate where its steps begin");
  const StepReader reader(solver, first, std::ssize(step.calls));
  const auto end = reader.read(step.from, step.to);
  TableStep<double> row{level, 1, end.own, end.past, {}};
  for (size_t k = 1; k < step.calls.size(); ++k) {
    const auto place = reader.read(step.from, step.calls[k].state);
    for (const double other : place.points) {
      if (other != 0)
        refuse_solver(solver, "evaluates at a place that depends on more than the first value of the step");
    }
    row.points.push_back({step.calls[k].sigma, step.calls[k].sigma, 1, place.own, place.past, end.points[k - 1]});
  }
  return row;
}

}  // namespace

SolverTable table_of_solver(const Solver& solver, const std::vector<double>& levels, bool afs) {
  if (solver.stochastic()) refuse_solver(solver, "draws noise");
  if (solver.adaptive() || solver.plan_levels(levels) != levels) refuse_solver(solver, "chooses its own levels");
  const auto steps = record_steps(solver, levels, count_evaluations(solver, levels));
  SolverTable table{.prediction = Prediction::kSlope, .afs = afs, .levels = levels, .steps = {}};
  int64_t first = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    table.steps.push_back(read_step(solver, steps[i], levels[i], first));
    first += std::ssize(steps[i].calls);
  }
  check_table(table);
  return table;
}

}  // namespace farfield
