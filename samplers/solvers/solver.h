#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// One step of the integration: noise levels, from > to >= 0.
struct Interval {
  double from, to;
};

// What a step returns: the new state, and the first denoiser value of the step, at `from`.
struct Step {
  torch::Tensor x, denoised;
};

// The noise of stochastic solvers: every sample's Brownian path W over sigma, as the unit increment
// (W(to) - W(from)) / sqrt(|to - from|), [B, ...shape] (any floating dtype and device; cast to the state's).
using BrownianFn = std::function<torch::Tensor(double from, double to)>;

// One attempted inner step of a method that chooses its own step sizes.
struct Attempt {
  double from, to;  // noise levels
  double error;     // estimate in units of the tolerance; above 1 is too much
  double next;      // the size of the next attempt, in the method's own time
  bool accepted;
  const torch::Tensor& x;  // the state after it: at `to` when accepted, still at `from` otherwise
};
using AttemptObserver = std::function<void(const Attempt&)>;

// What a method may know of the run before its first step: coefficients that depend on the whole schedule, or a lower
// order at its end, are worked out from here.
struct RunPlan {
  std::vector<double> levels;       // sigma_0 > ... > sigma_N, as plan_levels() placed them
  std::vector<Interval> intervals;  // the N steps; with churn `from` is the raised level, where D is evaluated
  int64_t budget = 0;               // steps asked for: intervals of the levels that plan_levels() was given
  BrownianFn brownian = {};         // set when the solver is stochastic
  AttemptObserver on_attempt = {};  // may be empty
};

// The history of a multistep method, or the noise of a stochastic one, during one run.
class StepMemory {
 public:
  virtual ~StepMemory() = default;
};

// A method for dx/dsigma = (x - D(x; sigma)) / sigma, or for the SDE of the same marginals. Immutable: one object
// serves many runs at once; what a run remembers is in its StepMemory. Every solver is finite at to = 0.
class Solver {
 public:
  virtual ~Solver() = default;
  virtual std::string_view name() const = 0;
  // Global order of convergence it claims; the test suite measures it. Stochastic solvers: of mean and variance on a
  // Gaussian.
  virtual int order() const = 0;
  // Whether steps draw noise: integrate() then wants a BrownianFn. A deterministic solver never looks at one.
  virtual bool stochastic() const { return false; }
  // Whether step sizes follow an error estimate, one number over the whole batch: evaluations are then not known before
  // the run, and sample() takes one sample at a time, so that a sample still depends on its seed alone.
  virtual bool adaptive() const { return false; }
  // The levels that are stepped through when `levels` are asked for: the same, unless the method places its own. First
  // and last level stay.
  virtual std::vector<double> plan_levels(std::vector<double> levels) const { return levels; }
  virtual std::unique_ptr<StepMemory> make_memory(const RunPlan&) const { return nullptr; }
  // x [B, ...shape], floating, at interval.from; left as it is. `memory` is the run's own, made by make_memory() before
  // the first step; steps are taken in the plan's order. Returns tensors like x.
  virtual Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const = 0;
};

}  // namespace farfield
