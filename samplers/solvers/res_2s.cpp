#include <cmath>

#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/phi_functions.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// Exponential Runge-Kutta with one inner point at c2 = 1/2: with b2 = phi_2(-h) / c2 and b1 = phi_1(-h) - b2,
// x' = e^-h x + h (b1 D + b2 D_middle).
class Res2s final : public Solver {
 public:
  std::string_view name() const override { return "res_2s"; }
  int order() const override { return 2; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    constexpr double c2 = 0.5;
    const auto [from, to] = interval;
    const auto denoised = denoise(x, from);
    if (to == 0) return {denoised, denoised};

    const double h = std::log(from / to), middle = from * std::exp(-c2 * h);
    const auto x_middle = euler_step(x, denoised, {from, middle});
    const double b2 = phi(2, -h) / c2, b1 = phi(1, -h) - b2;
    return {linear_combination({{to / from, x}, {h * b1, denoised}, {h * b2, denoise(x_middle, middle)}}), denoised};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_res_2s() { return std::make_unique<Res2s>(); }

}  // namespace farfield
