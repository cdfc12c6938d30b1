// Explicit Runge-Kutta methods of dx/dsigma, as tables.
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// Stage s stands at from + c[s] h and x + h sum_j a[s][j] slope_j; the step is x + h sum_s b[s] slope_s.
struct Tableau {
  const char* name;
  int order;
  std::vector<double> c;
  std::vector<std::vector<double>> a;
  std::vector<double> b;
};

const Tableau kMidpoint{"midpoint", 2, {0, 1. / 2}, {{}, {1. / 2}}, {0, 1}};
const Tableau kRalston{"ralston", 2, {0, 2. / 3}, {{}, {2. / 3}}, {1. / 4, 3. / 4}};
const Tableau kRk4{
    "rk4", 4, {0, 1. / 2, 1. / 2, 1}, {{}, {1. / 2}, {0, 1. / 2}, {0, 0, 1}}, {1. / 6, 1. / 3, 1. / 3, 1. / 6}};

class RungeKutta final : public Solver {
 public:
  explicit RungeKutta(const Tableau& tableau) : tableau_(tableau) {}
  std::string_view name() const override { return tableau_.name; }
  int order() const override { return tableau_.order; }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory*) const override {
    const double h = interval.to - interval.from;
    const auto denoised = denoise(x, interval.from);
    if (interval.to == 0 && tableau_.c.back() == 1) return {denoised, denoised};

    std::vector<Slope> stages = {{0, x, denoised, interval.from}};
    for (size_t s = 1; s < tableau_.c.size(); ++s) {
      const auto state = weighted(x, stages, tableau_.a[s], h);
      const double sigma = interval.from + tableau_.c[s] * h;
      stages.push_back({0, state, denoise(state, sigma), sigma});
    }
    return {weighted(x, stages, tableau_.b, h), denoised};
  }

 private:
  static torch::Tensor weighted(const torch::Tensor& x, std::vector<Slope> stages, const std::vector<double>& weights,
                                double h) {
    for (size_t s = 0; s < stages.size(); ++s) stages[s].weight = h * weights[s];
    return add_slopes(x, stages);
  }

  const Tableau& tableau_;
};

}  // namespace

std::unique_ptr<const Solver> make_midpoint() { return std::make_unique<RungeKutta>(kMidpoint); }

std::unique_ptr<const Solver> make_ralston() { return std::make_unique<RungeKutta>(kRalston); }

std::unique_ptr<const Solver> make_rk4() { return std::make_unique<RungeKutta>(kRk4); }

}  // namespace farfield
