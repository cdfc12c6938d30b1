#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "samplers/solvers/solver.h"
#include "samplers/solvers/solver_options.h"

namespace farfield {

// What a multistep method remembers and extrapolates: D, or the slope (x - D) / sigma. "x0" and "eps" in options.
enum class Prediction { kDenoised, kSlope };
Prediction prediction_of(const SolverOptions& options);  // predict=x0|eps, x0 by default

// One step of a linear multistep method, x' = x_factor x + sum_j history[j] m_{i-j} + noise z: history[0] belongs to
// the value of this step, history[1] to that of the step before, z is the increment of the Brownian path over the step.
struct MultistepWeights {
  double x_factor = 1;
  std::vector<double> history;
  double noise = 0;  // standard deviation; stochastic methods in D only
};

struct MultistepMethod {
  std::string name;
  int order = 1;
  Prediction prediction = Prediction::kSlope;  // slopes: every x_factor is 1
  bool stochastic = false;                     // some step has noise
  // The weights of step i of the run. Called for every step before the first is taken.
  std::function<MultistepWeights(const RunPlan& plan, int64_t i)> weights;
};

// One evaluation a step, and one pass over memory.
std::unique_ptr<const Solver> make_multistep(MultistepMethod method);

// How many values of D a method of `max_order` may use in step i: at most i + 1, and with churn none whose noise level
// has come so close to its neighbour's (less than half of the distance of the plain levels) that a polynomial through
// both means nothing.
int64_t usable_values(const RunPlan& plan, int64_t i, int64_t max_order);

}  // namespace farfield
