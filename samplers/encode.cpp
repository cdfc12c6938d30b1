#include "samplers/encode.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "core/error.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/linear_combination.h"

namespace farfield {

SampleResult encode(const Solver& solver, const DenoiseFn& denoise, torch::Tensor x,
                    const std::vector<double>& levels) {
  check_encodes(solver, levels);
  const double sum = levels.front() + levels.back();
  std::vector<double> reversed;  // in tau; level i of the run is levels[N - i]
  for (const double level : std::views::reverse(levels)) reversed.push_back(sum - level);
  const auto sigma_at = [&](double tau) {
    const auto place = std::find(reversed.begin(), reversed.end(), tau);
    return place == reversed.end() ? sum - tau : levels[levels.size() - 1 - (place - reversed.begin())];
  };
  const DenoiseFn mirrored = [&](const torch::Tensor& state, double tau) {
    const double sigma = sigma_at(tau), ratio = tau / sigma;
    return linear_combination({{1 + ratio, state}, {-ratio, denoise(state, sigma)}});
  };
  return integrate(solver, mirrored, std::move(x), reversed);
}

void check_encodes(const Solver& solver, const std::vector<double>& levels) {
  check_levels(levels);
  if (levels.back() == 0)
    throw usage_error("encode: the last level is 0, where nothing starts; end the levels above 0");
  if (solver.stochastic()) {
    throw usage_error(fmt::format(
        "encode: {} draws noise; the way back needs a deterministic solver (eta=0, or another)", solver.name()));
  }
  if (solver.order() == 0)
    throw usage_error(
        fmt::format("encode: {} does not follow the ODE, so there is no way back; take another solver", solver.name()));
  if (solver.plan_levels(levels) != levels) {
    throw usage_error(fmt::format(
        "encode: {} places its own levels, which do not fit the way back; take another solver", solver.name()));
  }
}

}  // namespace farfield
