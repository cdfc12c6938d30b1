// DPM-Solver++ single-step (Lu et al. 2022b, algorithms 1 and appendix): exponential Runge-Kutta methods in D over
// lambda = -log sigma, with inner points at equal distances.
#include <cmath>

#include "samplers/linear_combination.h"
#include "samplers/phi_functions.h"
#include "samplers/solvers.h"

namespace farfield {
namespace {

class Dpmpp2s final : public Solver {
 public:
  std::string_view name() const override { return "dpmpp_2s"; }
  int order() const override { return 2; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const auto [from, to] = interval;
    const auto denoised = denoise(x, from);
    if (to == 0) return {denoised, denoised};

    const double middle = std::sqrt(from * to);  // r = 1/2: the second value of D carries all the weight
    const auto x_middle = euler_step(x, denoised, {from, middle});
    return {euler_step(x, denoise(x_middle, middle), interval), denoised};
  }
};

class Dpmpp3s final : public Solver {
 public:
  std::string_view name() const override { return "dpmpp_3s"; }
  int order() const override { return 3; }

  // x' = (to/from) x + h [phi_1(-h) D0 + phi_2(-h) (D2 - D0) / r2], inner points at r1 = 1/3 and r2 = 2/3 of h.
  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    constexpr double r1 = 1. / 3, r2 = 2. / 3;
    const auto [from, to] = interval;
    const auto d0 = denoise(x, from);
    if (to == 0) return {d0, d0};

    const double h = std::log(from / to), s1 = from * std::exp(-r1 * h), s2 = from * std::exp(-r2 * h);
    const auto x1 = euler_step(x, d0, {from, s1});
    const auto d1 = denoise(x1, s1);
    const double inner = r2 * h * phi(2, -r2 * h) * r2 / r1;
    const auto x2 = linear_combination({{s2 / from, x}, {1 - s2 / from - inner, d0}, {inner, d1}});
    const auto d2 = denoise(x2, s2);
    const double outer = h * phi(2, -h) / r2;
    return {linear_combination({{to / from, x}, {1 - to / from - outer, d0}, {outer, d2}}), d0};
  }
};

}  // namespace

std::unique_ptr<const Solver> make_dpmpp_2s() { return std::make_unique<Dpmpp2s>(); }

std::unique_ptr<const Solver> make_dpmpp_3s() { return std::make_unique<Dpmpp3s>(); }

}  // namespace farfield
