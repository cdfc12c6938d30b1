#include "samplers/solvers/multistep.h"

#include <algorithm>

#include "core/error.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/linear_combination.h"

namespace farfield {
namespace {

struct History final : BrownianMemory {
  using BrownianMemory::BrownianMemory;
  std::vector<MultistepWeights> weights;  // of every step
  std::vector<torch::Tensor> past;        // newest first
  size_t next = 0, longest = 1;

  void remember(const torch::Tensor& value) {
    past.insert(past.begin(), value);
    if (past.size() >= longest) past.resize(longest - 1);
  }
};

class Multistep final : public Solver {
 public:
  explicit Multistep(MultistepMethod method) : method_(std::move(method)) {}
  std::string_view name() const override { return method_.name; }
  int order() const override { return method_.order; }
  bool stochastic() const override { return method_.stochastic; }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    auto history = std::make_unique<History>(plan);
    for (size_t i = 0; i < plan.intervals.size(); ++i) {
      history->weights.push_back(method_.weights(plan, static_cast<int64_t>(i)));
      check(method_.prediction == Prediction::kDenoised || history->weights.back().x_factor == 1,
            "multistep: slopes are added to x itself, its factor is 1");
      history->longest = std::max(history->longest, history->weights.back().history.size());
    }
    return history;
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    auto& history = static_cast<History&>(*memory);
    const MultistepWeights& weights = history.weights.at(history.next++);
    const auto denoised = denoise(x, interval.from);
    return {method_.prediction == Prediction::kDenoised ? from_denoised(x, denoised, interval, weights, history)
                                                        : from_slopes(x, denoised, interval, weights, history),
            denoised};
  }

 private:
  static torch::Tensor from_denoised(const torch::Tensor& x, const torch::Tensor& denoised, Interval interval,
                                     const MultistepWeights& weights, History& history) {
    std::vector<Term> terms = {{weights.x_factor, x}, {weights.history[0], denoised}};
    for (size_t j = 1; j < weights.history.size(); ++j) terms.push_back({weights.history[j], history.past.at(j - 1)});
    if (weights.noise > 0) terms.push_back({weights.noise, history.increment(interval, x)});
    history.remember(denoised);
    return linear_combination(terms);
  }

  static torch::Tensor from_slopes(const torch::Tensor& x, const torch::Tensor& denoised, Interval interval,
                                   const MultistepWeights& weights, History& history) {
    if (history.longest == 1) return euler_like(x, denoised, interval, weights.history[0]);
    const auto past = std::span<const torch::Tensor>(history.past).subspan(0, weights.history.size() - 1);
    auto result = slope_step(x, denoised, interval.from, weights.history, past);
    history.remember(result.slope);
    return result.x;
  }

  static torch::Tensor euler_like(const torch::Tensor& x, const torch::Tensor& denoised, Interval interval,
                                  double weight) {
    const std::vector<Slope> slope = {{weight, x, denoised, interval.from}};
    return add_slopes(x, slope);
  }

  MultistepMethod method_;
};

}  // namespace

Prediction prediction_of(const SolverOptions& options) {
  return options.choice("predict", "x0", {"x0", "eps"}) == "x0" ? Prediction::kDenoised : Prediction::kSlope;
}

std::unique_ptr<const Solver> make_multistep(MultistepMethod method) {
  return std::make_unique<Multistep>(std::move(method));
}

int64_t usable_values(const RunPlan& plan, int64_t i, int64_t max_order) {
  int64_t count = 1;
  while (count < std::min(max_order, i + 1)) {
    const int64_t newer = i - count + 1, older = newer - 1;
    const double gap = plan.intervals[older].from - plan.intervals[newer].from;
    if (gap / (plan.levels[older] - plan.levels[newer]) < 0.5) break;
    ++count;
  }
  return count;
}

}  // namespace farfield
