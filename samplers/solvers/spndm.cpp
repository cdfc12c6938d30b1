#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

struct LastSlope final : StepMemory {
  torch::Tensor slope;
};

class Spndm final : public Solver {
 public:
  std::string_view name() const override { return "spndm"; }
  int order() const override { return 2; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan&) const override { return std::make_unique<LastSlope>(); }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    auto& last = static_cast<LastSlope&>(*memory).slope;
    const auto [from, to] = interval;
    const double h = to - from;
    const auto denoised = denoise(x, from);
    // Not extrapolated: near 0 the slope of a state that is off grows like 1 / sigma, and the rule would keep half of it.
    if (to == 0) return {denoised, denoised};
    const bool first = !last.defined();
    const std::vector<double> weights = first ? std::vector<double>{h} : std::vector<double>{1.5 * h, -0.5 * h};
    const std::vector<torch::Tensor> past = first ? std::vector<torch::Tensor>{} : std::vector<torch::Tensor>{last};
    const auto moved = slope_step(x, denoised, from, weights, past);
    last = moved.slope;
    if (!first) return {moved.x, denoised};

    const std::vector<Slope> slopes = {{h / 2, x, denoised, from}, {h / 2, moved.x, denoise(moved.x, to), to}};
    return {add_slopes(x, slopes), denoised};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_spndm() { return std::make_unique<Spndm>(); }

}  // namespace farfield
