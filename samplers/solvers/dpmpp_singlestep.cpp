// DPM-Solver++ single-step (Lu et al. 2022b, algorithms 1 and appendix): exponential Runge-Kutta methods in D over
// lambda = -log sigma, with inner points at equal distances; and k-diffusion's DPM++ SDE.
#include <cmath>
#include <string>
#include <vector>

#include "samplers/solvers/ancestral.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/phi_functions.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// The method of order 2 for the SDE; with eta = 0 and r = 1/2 it is dpmpp_2s.
class DpmppSde final : public Solver {
 public:
  DpmppSde(std::string name, FreshNoise fresh, double r) : name_(std::move(name)), fresh_(fresh), r_(r) {}
  std::string_view name() const override { return name_; }
  int order() const override { return 2; }
  bool stochastic() const override { return fresh_.eta > 0; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    const auto [from, to] = interval;
    const auto* noise = static_cast<BrownianMemory*>(memory);
    const auto denoised = denoise(x, from);
    if (to == 0) return {denoised, denoised};

    const double middle = from * std::pow(to / from, r_), f = 1 / (2 * r_);
    const auto x_middle = ancestral_step(x, {{1, denoised}}, {from, middle}, noise);
    return {ancestral_step(x, {{1 - f, denoised}, {f, denoise(x_middle, middle)}}, interval, noise), denoised};
  }

 private:
  // Along a D that is a mean of values: (down/from) x + (1 - down/from) sum_j f_j D_j + up s_noise z. `noise` may be null
  // where eta is 0.
  torch::Tensor ancestral_step(const torch::Tensor& x, const std::vector<Term>& mean, Interval interval,
                               const BrownianMemory* noise) const {
    const auto [down, up] = ancestral_split(interval.from, interval.to, fresh_.eta);
    std::vector<Term> terms = {{down / interval.from, x}};
    for (const Term& term : mean) terms.push_back({(interval.from - down) / interval.from * term.factor, term.tensor});
    if (up > 0) terms.push_back({up * fresh_.s_noise, noise->increment(interval, x)});
    return linear_combination(terms);
  }

  std::string name_;
  FreshNoise fresh_;
  double r_;
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

std::unique_ptr<const Solver> make_dpmpp_2s() {
  return std::make_unique<DpmppSde>("dpmpp_2s", FreshNoise{.eta = 0}, 0.5);
}

std::unique_ptr<const Solver> make_dpmpp_sde(const SolverOptions& options) {
  return std::make_unique<DpmppSde>("dpmpp_sde", FreshNoise::read(options), options.number_from("r", 0.5, 0.01, 1));
}

std::unique_ptr<const Solver> make_dpmpp_3s() { return std::make_unique<Dpmpp3s>(); }

}  // namespace farfield
