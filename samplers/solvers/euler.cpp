#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

class Euler final : public Solver {
 public:
  std::string_view name() const override { return "euler"; }
  int order() const override { return 1; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto denoised = denoise(x, interval.from);
    return {euler_step(x, denoised, interval), denoised};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_euler() { return std::make_unique<Euler>(); }

}  // namespace farfield
