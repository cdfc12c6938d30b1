#include "samplers/integrate.h"

#include <chrono>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "models/counting.h"
#include "samplers/noise_levels.h"

namespace farfield {
namespace {

// One reduction in the good case: a sum is finite unless an entry is not, or the entries are near the largest double.
void check_finite(const torch::Tensor& x, int64_t index, int64_t steps, Interval interval) {
  if (std::isfinite(x.sum().item<double>())) return;
  const auto bad = torch::isfinite(x).flatten(1).all(1).logical_not().nonzero();
  if (bad.size(0) == 0) return;
  throw numeric_error(fmt::format(
      "sampling: step {} of {} (sigma {:.6g} to {:.6g}) gave a state that is not finite in sample {} of the batch "
      "({} of {} samples); check the model at this noise level, or start lower with --sigma-max",
      index + 1, steps, interval.from, interval.to, bad[0][0].item<int64_t>(), bad.size(0), x.size(0)));
}

}  // namespace

SampleResult integrate(const Solver& solver, const DenoiseFn& denoise, torch::Tensor x,
                       const std::vector<double>& levels, const IntegrateOptions& options) {
  const Churn& churn = options.churn;
  check_levels(levels);
  churn.validate();
  check(churn.s_churn == 0 || options.noise, "integrate: churn needs a noise function");

  const at::NoGradGuard no_gradients;
  const auto start = std::chrono::steady_clock::now();
  SampleResult result{.x = {}, .nfe = 0, .seconds = 0};
  const DenoiseFn watched = counting(
      [&](const torch::Tensor& state, double sigma) {
        stop_if_interrupted();
        return denoise(state, sigma);
      },
      result.nfe);

  const auto memory = solver.make_memory({levels});
  const auto steps = static_cast<int64_t>(levels.size()) - 1;
  for (int64_t i = 0; i < steps; ++i) {
    const double sigma = levels[i], sigma_hat = churn.raised(sigma, steps);
    torch::Tensor x_hat = x;
    if (churn.s_churn > 0) {
      const auto noise = options.noise(i).to(x.options());  // drawn in every step: the stream must not depend on s_min
      if (sigma_hat > sigma) {
        x_hat = torch::add(x, noise, churn.s_noise * std::sqrt(sigma_hat * sigma_hat - sigma * sigma));
      }
    }
    const Interval interval{sigma_hat, levels[i + 1]};
    Step step = solver.step(watched, x_hat, interval, memory.get());
    check_finite(step.x, i, steps, interval);
    if (options.observer) {
      options.observer({i, steps, sigma, levels[i + 1], x, x_hat, step.x, step.denoised, step.slope});
    }
    x = std::move(step.x);
  }
  result.x = std::move(x);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

int64_t count_evaluations(const Solver& solver, const std::vector<double>& levels) {
  const DenoiseFn zero = [](const torch::Tensor& x, double) { return torch::zeros_like(x); };
  return integrate(solver, zero, torch::ones({1, 1}, torch::kFloat64), levels).nfe;
}

}  // namespace farfield
