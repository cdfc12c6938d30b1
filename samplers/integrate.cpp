#include "samplers/integrate.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/stopwatch.h"
#include "models/counting.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/analytical_first_step.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/slope.h"
#include "samplers/solvers/table_solver.h"
#include "samplers/thresholding.h"

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

void check_options(const Solver& solver, const std::vector<double>& levels, const IntegrateOptions& options) {
  check_levels(levels);
  options.churn.validate();
  check(options.churn.s_churn == 0 || options.noise, "integrate: churn needs a noise function");
  if (options.afs && starts_analytically(solver)) {
    throw usage_error(
        fmt::format("solver {}: its table starts analytically by itself; leave --afs out", solver.name()));
  }
  check(!solver.stochastic() || options.brownian, "integrate: a stochastic solver needs a Brownian path");
  if (options.denoise_to_zero && levels.back() == 0) {
    throw usage_error("denoise to zero: the last level is 0 already; leave it out, or end the levels above 0");
  }
}

// The denoiser, interruptible and counted.
DenoiseFn watched(const DenoiseFn& denoise, int64_t& calls) {
  return counting([&denoise](const torch::Tensor& state, double sigma) {
    stop_if_interrupted();
    return denoise(state, sigma);
  }, calls);
}

// What the solver sees of it: started analytically and thresholded, as asked for.
DenoiseFn as_seen(DenoiseFn denoise, const IntegrateOptions& options) {
  if (options.afs) denoise = with_analytical_first_step(std::move(denoise));
  if (options.threshold) denoise = with_thresholding(std::move(denoise), *options.threshold);
  return denoise;
}

// x after churn, at sigma_hat.
torch::Tensor churned(const torch::Tensor& x, const IntegrateOptions& options, int64_t index, double sigma,
                      double sigma_hat) {
  if (options.churn.s_churn == 0) return x;
  const auto noise = options.noise(index).to(x.options());  // drawn in every step: the stream must not depend on s_min
  if (sigma_hat == sigma) return x;
  const double deviation = options.churn.s_noise * std::sqrt(sigma_hat * sigma_hat - sigma * sigma);
  return linear_combination({{1, x}, {deviation, noise}});
}

void observe(const IntegrateOptions& options, int64_t index, int64_t steps, Interval levels, Interval stepped,
             const torch::Tensor& x, const torch::Tensor& x_hat, const Step& step) {
  check_finite(step.x, index, steps, stepped);
  if (!options.observer) return;
  const auto d = slope(x_hat, step.denoised, stepped.from);
  options.observer({index, steps, levels.from, levels.to, x, x_hat, step.x, step.denoised, d});
}

}  // namespace

SampleResult integrate(const Solver& solver, const DenoiseFn& denoise, torch::Tensor x,
                       const std::vector<double>& levels, const IntegrateOptions& options) {
  check_options(solver, levels, options);
  const at::NoGradGuard no_gradients;
  const Stopwatch clock;
  SampleResult result{.x = {}, .nfe = 0, .seconds = 0};
  const DenoiseFn counted = watched(denoise, result.nfe), seen = as_seen(counted, options);

  const auto visited = levels_visited(solver, levels, options.denoise_to_zero);
  const auto steps = static_cast<int64_t>(visited.size()) - 1;
  const RunPlan plan = plan_run(solver, levels, options);
  const auto memory = solver.make_memory(plan);
  for (int64_t i = 0; i < steps; ++i) {
    const Interval between{visited[i], visited[i + 1]};
    const bool final_denoise = i == static_cast<int64_t>(plan.intervals.size());
    const Interval interval = final_denoise ? between : plan.intervals[i];
    Step step;
    torch::Tensor x_hat = x;
    if (final_denoise) {
      step.x = step.denoised = counted(x, interval.from);
    } else {
      x_hat = churned(x, options, i, between.from, interval.from);
      step = solver.step(seen, x_hat, interval, memory.get());
    }
    observe(options, i, steps, between, interval, x, x_hat, step);
    x = std::move(step.x);
  }
  result.x = std::move(x);
  result.seconds = clock.seconds();
  return result;
}

RunPlan plan_run(const Solver& solver, const std::vector<double>& levels, const IntegrateOptions& options) {
  const auto planned = solver.plan_levels(levels);
  check_levels(planned);
  const auto steps = static_cast<int64_t>(planned.size()) - 1;
  RunPlan plan{.levels = planned,
               .intervals = {},
               .budget = static_cast<int64_t>(levels.size()) - 1,
               .brownian = options.brownian,
               .on_attempt = options.on_attempt};
  for (int64_t i = 0; i < steps; ++i) {
    double from = options.churn.raised(planned[i], steps);
    if (from > planned[i] && options.nearest_level) from = std::max(planned[i], options.nearest_level(from));
    plan.intervals.push_back({from, planned[i + 1]});
  }
  return plan;
}

std::vector<double> levels_visited(const Solver& solver, const std::vector<double>& levels, bool denoise_to_zero) {
  auto visited = solver.plan_levels(levels);
  if (denoise_to_zero) visited.push_back(0);
  return visited;
}

int64_t count_evaluations(const Solver& solver, const std::vector<double>& levels, const IntegrateOptions& options) {
  const DenoiseFn zero = [](const torch::Tensor& x, double) { return torch::zeros_like(x); };
  const auto x = torch::ones({1, 1}, torch::kFloat64);
  IntegrateOptions quiet{
      .churn = options.churn, .noise = [&](int64_t) { return torch::zeros_like(x); }, .brownian = [&](double, double) {
    return torch::zeros_like(x);
  }, .afs = options.afs, .denoise_to_zero = options.denoise_to_zero};
  return integrate(solver, zero, x, levels, quiet).nfe;
}

}  // namespace farfield
