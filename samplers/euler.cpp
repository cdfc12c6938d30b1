#include "samplers/slope.h"
#include "samplers/solvers.h"

namespace farfield {
namespace {

class Euler final : public Solver {
 public:
  std::string_view name() const override { return "euler"; }
  int order() const override { return 1; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto denoised = denoise(x, interval.from);
    const auto d = slope(x, denoised, interval.from);
    return {torch::add(x, d, interval.to - interval.from), denoised, d};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_euler() { return std::make_unique<Euler>(); }

}  // namespace farfield
