#include <cmath>

#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

class Dpm2 final : public Solver {
 public:
  explicit Dpm2(double r) : r_(r) {}
  std::string_view name() const override { return "dpm2"; }
  int order() const override { return 2; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto [from, to] = interval;
    const auto denoised = denoise(x, from);
    if (to == 0) return {denoised, denoised};

    const double middle = std::pow(to, r_) * std::pow(from, 1 - r_), h = to - from;
    const auto x_middle = euler_step(x, denoised, {from, middle});
    const std::vector<Slope> slopes = {{h * (1 - 1 / (2 * r_)), x, denoised, from},
                                       {h / (2 * r_), x_middle, denoise(x_middle, middle), middle}};
    return {add_slopes(x, slopes), denoised};
  }

 private:
  double r_;
};

}  // namespace

std::unique_ptr<const Solver> make_dpm2(const SolverOptions& options) {
  return std::make_unique<Dpm2>(options.number_from("r", 0.5, 0.01, 1));
}

}  // namespace farfield
