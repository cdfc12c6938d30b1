#pragma once

#include <array>

#include <torch/types.h>

#include "samplers/solvers/solver.h"
#include "samplers/solvers/solver_options.h"

namespace farfield {

// What an adaptive method tolerates, and how its step size follows.
struct ErrorControl {
  double rtol = 0.05, atol = 0.0078;  // relative to the state, and absolute (1/128: half a grey level)
  double pcoeff = 0, icoeff = 1, dcoeff = 0;
  double accept_safety = 0.81;  // a step is accepted when its size may grow by this factor or more
};

// The same with the options rtol and atol (from 1e-13), pcoeff, icoeff and dcoeff (0 to 1) and accept_safety of `options`,
// `defaults` elsewhere.
ErrorControl error_control_of(const SolverOptions& options, const ErrorControl& defaults = {});
extern const std::vector<std::string> kErrorControlOptions;  // for the row in the table

// The root mean square, over the whole batch, of (low - high) / max(atol, rtol max(|low|, |before|)). numeric_error
// naming `solver` and `sigma` when it is not finite.
double error_of(const ErrorControl& control, const torch::Tensor& low, const torch::Tensor& high,
                const torch::Tensor& before, std::string_view solver, double sigma);

// numeric_error where an attempt does not move: its size fell below the spacing of double numbers.
void check_attempt(Interval attempt, std::string_view solver);

// A PID controller of step sizes, as in k-diffusion's adaptive DPM-Solver: with the inverse errors v of this attempt
// and the last two accepted ones, the size is multiplied by 1 + atan(v0^b1 v1^b2 v2^b3 - 1).
class StepSizeController {
 public:
  // `order`: errors are taken to shrink with this power of the size.
  StepSizeController(const ErrorControl& control, double order, double size);
  double size() const { return size_; }
  // Whether the attempt of size `tried` with this error is accepted. Sets the next size; one cut short by the end of
  // the interval and accepted does not lower it.
  bool propose(double error, double tried);

 private:
  double b1_, b2_, b3_, accept_safety_, size_;
  bool started_ = false;
  std::array<double, 3> inverse_errors_{};
};

}  // namespace farfield
