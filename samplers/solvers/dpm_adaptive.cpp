#include <cmath>

#include <fmt/format.h>

#include "samplers/solvers/ancestral.h"
#include "samplers/solvers/dpm_solver_step.h"
#include "samplers/solvers/error_control.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

struct DpmAdaptiveSettings {
  int order;  // 2: orders 1 and 2 are compared; 3: orders 2 and 3
  double h_init, eta, s_noise;
  ErrorControl control;
  bool evaluates_again;  // at an unchanged state after a rejected attempt, as the public code does
};

struct DpmAdaptiveMemory final : StepMemory {
  BrownianFn brownian;
  AttemptObserver on_attempt;
};

class DpmAdaptive final : public Solver {
 public:
  explicit DpmAdaptive(const DpmAdaptiveSettings& settings) : settings_(settings) {}
  std::string_view name() const override { return settings_.evaluates_again ? "dpm_adaptive_compat" : "dpm_adaptive"; }
  int order() const override { return settings_.order; }
  bool stochastic() const override { return settings_.eta > 0; }
  bool adaptive() const override { return true; }

  // First level, last level above 0, and 0.
  std::vector<double> plan_levels(std::vector<double> levels) const override {
    std::vector<double> planned = {levels.front()};
    const bool ends_at_zero = levels.back() == 0;
    if (ends_at_zero) levels.pop_back();
    if (levels.size() > 1) planned.push_back(levels.back());
    if (ends_at_zero) planned.push_back(0);
    return planned;
  }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    auto memory = std::make_unique<DpmAdaptiveMemory>();
    memory->brownian = plan.brownian;
    memory->on_attempt = plan.on_attempt;
    return memory;
  }

  // All attempts from interval.from to interval.to, in s = -log sigma.
  Step step(const DenoiseFn& denoise, const torch::Tensor& start, Interval interval, StepMemory* run) const override {
    const auto& memory = static_cast<const DpmAdaptiveMemory&>(*run);
    const auto first = denoise(start, interval.from);
    if (interval.to == 0) return {first, first};

    StepSizeController controller(settings_.control, settings_.eta > 0 ? 1.5 : settings_.order, settings_.h_init);
    torch::Tensor x = start, x_low_before = start, denoised = first;
    double sigma = interval.from;
    while (sigma > interval.to) {
      if (!denoised.defined()) denoised = denoise(x, sigma);
      const double to = next_level(sigma, interval.to, controller.size());
      check_attempt({sigma, to}, name());
      const double down = std::max(interval.to, ancestral_split(sigma, to, settings_.eta).down);
      const auto [low, high] = both_orders(denoise, x, denoised, {sigma, down});
      const double error = error_of(settings_.control, low, high, x_low_before, name(), sigma);
      const bool accepted = controller.propose(error, controller.size());
      const Interval tried{sigma, to};
      if (accepted) {
        x = settings_.eta > 0 ? with_noise(high, memory, tried, down) : high;
        x_low_before = low;
        sigma = to;
      }
      if (accepted || settings_.evaluates_again) denoised = torch::Tensor();
      if (memory.on_attempt) memory.on_attempt({tried.from, tried.to, error, controller.size(), accepted, x});
    }
    return {x, first};
  }

 private:
  // h further down in -log sigma; all the way where that ends within 1e-5 of the end.
  static double next_level(double sigma, double end, double h) {
    constexpr double kSliver = 1e-5;
    const double to = sigma * std::exp(-h);
    return to <= end * (1 + kSliver) ? end : to;
  }

  std::pair<torch::Tensor, torch::Tensor> both_orders(const DenoiseFn& denoise, const torch::Tensor& x,
                                                      const torch::Tensor& denoised, Interval interval) const {
    DpmSolverStep single(denoise, x, denoised, interval);
    if (settings_.order == 2) return {single.first_order(), single.second_order(1. / 2)};
    const auto low = single.second_order(1. / 3);
    return {low, single.third_order(1. / 3, 2. / 3)};
  }

  torch::Tensor with_noise(const torch::Tensor& x, const DpmAdaptiveMemory& memory, Interval interval,
                           double down) const {
    const double up = std::sqrt(interval.to * interval.to - down * down);
    const auto noise = memory.brownian(interval.from, interval.to).to(x.options());
    return linear_combination({{1, x}, {settings_.s_noise * up, noise}});
  }

  DpmAdaptiveSettings settings_;
};

}  // namespace

std::unique_ptr<const Solver> make_dpm_adaptive(const SolverOptions& options, bool compat) {
  const FreshNoise fresh = FreshNoise::read(options, 0);
  return std::make_unique<DpmAdaptive>(
      DpmAdaptiveSettings{.order = options.choice("order", "3", {"2", "3"}) == "2" ? 2 : 3,
                          .h_init = options.number_from("h_init", 0.05, 1e-4, 1000),
                          .eta = fresh.eta,
                          .s_noise = fresh.s_noise,
                          .control = error_control_of(options),
                          .evaluates_again = compat});
}

}  // namespace farfield
