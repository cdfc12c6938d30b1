#include <string>
#include <utility>

#include "samplers/solvers/ancestral.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// A one-step method for the ODE down to the split's lower level, then fresh noise.
class Ancestral final : public Solver {
 public:
  Ancestral(std::unique_ptr<const Solver> ode, FreshNoise fresh)
      : ode_(std::move(ode)), name_(std::string(ode_->name()) + "_ancestral"), fresh_(fresh) {}

  std::string_view name() const override { return name_; }
  int order() const override { return ode_->order(); }
  bool stochastic() const override { return fresh_.eta > 0; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    const auto [down, up] = ancestral_split(interval.from, interval.to, fresh_.eta);
    Step step = ode_->step(denoise, x, {interval.from, down}, nullptr);
    if (up == 0) return step;
    const auto noise = static_cast<BrownianMemory*>(memory)->increment(interval, x);
    return {linear_combination({{1, step.x}, {up * fresh_.s_noise, noise}}), step.denoised};
  }

 private:
  std::unique_ptr<const Solver> ode_;
  std::string name_;
  FreshNoise fresh_;
};

}  // namespace

std::unique_ptr<const Solver> make_ancestral(std::unique_ptr<const Solver> ode, const SolverOptions& options) {
  return std::make_unique<Ancestral>(std::move(ode), FreshNoise::read(options));
}

}  // namespace farfield
