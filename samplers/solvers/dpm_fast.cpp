#include <cmath>

#include "samplers/solvers/ancestral.h"
#include "samplers/solvers/dpm_solver_step.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// The orders of the steps that spend `budget` evaluations: threes, and what is left over.
std::vector<int> orders_for(int64_t budget) {
  if (budget == 0) return {};
  const int64_t steps = budget / 3 + 1;
  std::vector<int> orders(steps, 3);
  orders.back() = budget % 3 == 0 ? 1 : static_cast<int>(budget % 3);
  if (budget % 3 == 0) orders[steps - 2] = 2;
  return orders;
}

struct DpmFastMemory final : StepMemory {
  std::vector<int> orders;
  size_t next = 0;
  BrownianFn brownian;
  double last_level = 0;  // the lowest level above 0
};

class DpmFast final : public Solver {
 public:
  DpmFast(double eta, double s_noise) : eta_(eta), s_noise_(s_noise) {}
  std::string_view name() const override { return "dpm_fast"; }
  int order() const override { return 2; }
  bool stochastic() const override { return eta_ > 0; }

  std::vector<double> plan_levels(std::vector<double> levels) const override {
    const bool ends_at_zero = levels.back() == 0;
    if (ends_at_zero) levels.pop_back();
    const double first = levels.front(), last = levels.back();
    const auto steps = static_cast<int64_t>(orders_for(static_cast<int64_t>(levels.size()) - 1).size());
    std::vector<double> planned = {first};
    for (int64_t i = 1; i < steps; ++i) {
      planned.push_back(first * std::pow(last / first, static_cast<double>(i) / static_cast<double>(steps)));
    }
    if (steps > 0) planned.push_back(last);
    if (ends_at_zero) planned.push_back(0);
    return planned;
  }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    auto memory = std::make_unique<DpmFastMemory>();
    const bool ends_at_zero = plan.levels.back() == 0;
    memory->orders = orders_for(plan.budget - (ends_at_zero ? 1 : 0));
    memory->brownian = plan.brownian;
    memory->last_level = ends_at_zero ? plan.levels[plan.levels.size() - 2] : plan.levels.back();
    return memory;
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* run) const override {
    auto& memory = static_cast<DpmFastMemory&>(*run);
    const auto denoised = denoise(x, interval.from);
    if (interval.to == 0) return {denoised, denoised};

    const double down = std::max(memory.last_level, ancestral_split(interval.from, interval.to, eta_).down);
    DpmSolverStep single(denoise, x, denoised, {interval.from, down});
    const int order = memory.orders.at(memory.next++);
    const auto moved = order == 1   ? single.first_order()
                       : order == 2 ? single.second_order(1. / 2)
                                    : single.third_order(1. / 3, 2. / 3);
    if (eta_ == 0) return {moved, denoised};
    const double up = std::sqrt(interval.to * interval.to - down * down);
    const auto noise = memory.brownian(interval.from, interval.to).to(x.options());
    return {linear_combination({{1, moved}, {s_noise_ * up, noise}}), denoised};
  }

 private:
  double eta_, s_noise_;
};

}  // namespace

std::unique_ptr<const Solver> make_dpm_fast(const SolverOptions& options) {
  const FreshNoise fresh = FreshNoise::read(options, 0);
  return std::make_unique<DpmFast>(fresh.eta, fresh.s_noise);
}

}  // namespace farfield
