#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "samplers/churn.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// What an observer sees after step `index` (0-based) from sigma_from to sigma_to; x_hat is the state after churn (the
// one the solver stepped from, at churn.raised(sigma_from)); slope is that of x_hat and denoised. A final denoise is a
// step to 0. Tensors are shared: look, do not change.
struct StepView {
  int64_t index, steps;
  double sigma_from, sigma_to;
  const torch::Tensor &x_before, &x_hat, &x_after, &denoised, &slope;
};
using StepObserver = std::function<void(const StepView&)>;

// Draws one standard normal [B, ...shape] for step `index` (any floating dtype and device; cast to the state's).
using NoiseFn = std::function<torch::Tensor(int64_t index)>;

struct IntegrateOptions {
  Churn churn = {};
  std::function<double(double sigma)> nearest_level = {};  // DenoiserInfo's: raised levels are moved there
  NoiseFn noise = {};        // needed when churn.s_churn > 0, and then called once in every step, raised or not
  BrownianFn brownian = {};  // needed by stochastic solvers
  bool afs = false;          // the first denoiser call is replaced (analytical_first_step.h)
  std::optional<double> threshold = {};  // every D that the solver sees is thresholded at this quantile
  // After the last level sigma_N > 0: x = D(x; sigma_N), one evaluation, an Euler step to 0. usage_error at sigma_N =
  // 0. As published, this D is not thresholded.
  bool denoise_to_zero = false;
  StepObserver observer = {};       // may be empty
  AttemptObserver on_attempt = {};  // inner steps of adaptive solvers; may be empty
};

struct SampleResult {
  torch::Tensor x;      // [B, ...shape], the state at the last level
  int64_t nfe = -1;     // denoiser calls, counted
  double seconds = -1;  // wall time
};

// THE loop: x [B, ...shape] (floating) at levels[0] is carried to levels.back() by `solver`. Levels as check_levels()
// wants them. No gradients. numeric_error when a state is not finite, naming step, sigma and sample; stops with
// kInterrupted on a signal, which every denoiser call looks for.
SampleResult integrate(const Solver& solver, const DenoiseFn& denoise, torch::Tensor x,
                       const std::vector<double>& levels, const IntegrateOptions& options = {});

// What integrate() tells `solver` about its run over `levels`.
RunPlan plan_run(const Solver& solver, const std::vector<double>& levels, const IntegrateOptions& options = {});

// The levels of the states that an observer sees: solver.plan_levels(levels), then 0 after a final denoise.
std::vector<double> levels_visited(const Solver& solver, const std::vector<double>& levels, bool denoise_to_zero);

// The denoiser calls a run of `solver` over `levels` takes, counted on a state of one number. A guess for adaptive
// solvers.
int64_t count_evaluations(const Solver& solver, const std::vector<double>& levels,
                          const IntegrateOptions& options = {});

}  // namespace farfield
