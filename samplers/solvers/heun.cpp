#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

class Heun final : public Solver {
 public:
  std::string_view name() const override { return "heun"; }
  int order() const override { return 2; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto denoised = denoise(x, interval.from);
    const auto predicted = euler_step(x, denoised, interval);
    if (interval.to == 0) return {predicted, denoised};

    // x + h/2 [d(x; from) + d(predicted; to)]
    const double half = (interval.to - interval.from) / 2;
    const std::vector<Slope> slopes = {{half, x, denoised, interval.from},
                                       {half, predicted, denoise(predicted, interval.to), interval.to}};
    return {add_slopes(x, slopes), denoised};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_heun() { return std::make_unique<Heun>(); }

}  // namespace farfield
