#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

class MeanShift final : public Solver {
 public:
  std::string_view name() const override { return "mean_shift"; }
  int order() const override { return 0; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto denoised = denoise(x, interval.from);
    return {denoised, denoised};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_mean_shift() { return std::make_unique<MeanShift>(); }

}  // namespace farfield
