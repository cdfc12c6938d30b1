#include "samplers/slope.h"
#include "samplers/solvers.h"

namespace farfield {
namespace {

class Heun final : public Solver {
 public:
  std::string_view name() const override { return "heun"; }
  int order() const override { return 2; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const double h = interval.to - interval.from;
    const auto denoised = denoise(x, interval.from);
    const auto d = slope(x, denoised, interval.from);
    const auto predicted = torch::add(x, d, h);
    if (interval.to == 0) return {predicted, denoised, d};

    auto sum = slope(predicted, denoise(predicted, interval.to), interval.to).add_(d);
    return {torch::add(x, sum, h / 2), denoised, d};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_heun() { return std::make_unique<Heun>(); }

}  // namespace farfield
