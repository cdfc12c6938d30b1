#include <algorithm>

#include "samplers/solvers/dormand_prince.h"
#include "samplers/solvers/error_control.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

using namespace dormand_prince;

// A state and what was evaluated there.
struct Stage {
  torch::Tensor x, denoised, slope;
  double sigma = 0;
};

struct Dopri5Memory final : StepMemory {
  Stage last;  // where the step before ended
  std::optional<StepSizeController> controller;
  AttemptObserver on_attempt;
};

class Dopri5 final : public Solver {
 public:
  explicit Dopri5(const ErrorControl& control) : control_(control) {}
  std::string_view name() const override { return "dopri5"; }
  int order() const override { return 5; }
  bool adaptive() const override { return true; }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    constexpr double kFirst = 0.1;  // of the first noise level
    auto memory = std::make_unique<Dopri5Memory>();
    memory->controller.emplace(control_, order(), kFirst * plan.levels.front());
    memory->on_attempt = plan.on_attempt;
    return memory;
  }

  // All attempts from interval.from to interval.to, in sigma.
  Step step(const DenoiseFn& denoise, const torch::Tensor& start, Interval interval, StepMemory* run) const override {
    auto& memory = static_cast<Dopri5Memory&>(*run);
    Stage now = memory.last.x.is_same(start) && memory.last.sigma == interval.from
                    ? memory.last
                    : evaluated(denoise, start, interval.from);
    const auto first = now.denoised;
    if (interval.to == 0) return {first, first};

    StepSizeController& controller = *memory.controller;
    while (now.sigma > interval.to) {
      const double rest = now.sigma - interval.to, h = std::min(controller.size(), rest);
      const double from = now.sigma, to = h == rest ? interval.to : now.sigma - h;
      check_attempt({from, to}, name());
      const auto [next, lower_order] = attempt(denoise, now, {from, to});
      const double error = error_of(control_, lower_order, next.x, now.x, name(), from);
      const bool accepted = controller.propose(error, h);
      if (accepted) now = next;
      if (memory.on_attempt) memory.on_attempt({from, to, error, controller.size(), accepted, now.x});
    }
    memory.last = now;
    return {now.x, first};
  }

 private:
  static Stage evaluated(const DenoiseFn& denoise, const torch::Tensor& x, double sigma) {
    const auto denoised = denoise(x, sigma);
    return {x, denoised, linear_combination({{1 / sigma, x}, {-1 / sigma, denoised}}), sigma};
  }

  static torch::Tensor moved_by(const torch::Tensor& x, const std::vector<Stage>& stages, const double* weights,
                                double h) {
    std::vector<Term> terms = {{1, x}};
    for (size_t j = 0; j < stages.size(); ++j) terms.push_back({h * weights[j], stages[j].slope});
    return linear_combination(terms);
  }

  // The last stage, which is the new state, and the state that the fourth-order weights give.
  static std::pair<Stage, torch::Tensor> attempt(const DenoiseFn& denoise, const Stage& now, Interval interval) {
    const double h = interval.to - interval.from;
    std::vector<Stage> stages = {now};
    for (int s = 1; s < kStages; ++s) {
      const double sigma = kC[s] == 1 ? interval.to : interval.from + kC[s] * h;
      stages.push_back(evaluated(denoise, moved_by(now.x, stages, kA[s], h), sigma));
    }
    return {stages.back(), moved_by(stages.back().x, stages, kError, -h)};
  }

  ErrorControl control_;
};

}  // namespace

std::unique_ptr<const Solver> make_dopri5(const SolverOptions& options) {
  return std::make_unique<Dopri5>(error_control_of(options, {.rtol = 1e-6, .atol = 1e-6}));
}

}  // namespace farfield
