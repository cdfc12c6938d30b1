#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "models/denoiser.h"

namespace farfield {

// One step of the integration: noise levels, from > to >= 0.
struct Interval {
  double from, to;
};

// What a step returns: the new state, and the first denoiser value and slope dx/dsigma of the step, at `from`.
struct Step {
  torch::Tensor x, denoised, slope;
};

// What a method may know of the run before its first step: coefficients that depend on the whole schedule, or a lower
// order at its end, are worked out from here.
struct RunPlan {
  std::span<const double> levels;  // sigma_0 > ... > sigma_N, valid during the run
};

// The history of a multistep method during one run.
class StepMemory {
 public:
  virtual ~StepMemory() = default;
};

// A method for dx/dsigma = (x - D(x; sigma)) / sigma. Immutable: one object serves many runs at once; what a run
// remembers is in its StepMemory. Every solver is finite at to = 0.
class Solver {
 public:
  virtual ~Solver() = default;
  virtual std::string_view name() const = 0;
  virtual int order() const = 0;  // global order of convergence it claims; the test suite measures it
  virtual std::unique_ptr<StepMemory> make_memory(const RunPlan&) const { return nullptr; }
  // x [B, ...shape], floating, at interval.from; left as it is. `memory` is the run's own, made by make_memory() before
  // the first step. Returns tensors like x.
  virtual Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const = 0;
};

}  // namespace farfield
