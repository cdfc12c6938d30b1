#pragma once

#include <functional>

#include <torch/types.h>

namespace farfield::test {

using ToyDenoiser = std::function<torch::Tensor(const torch::Tensor&, double)>;

// D of N(mean, variance I), any shape.
ToyDenoiser toy_gaussian(double mean = 0.3, double variance = 0.25);
// D of 1/2 N(+1.2, 0.25) + 1/2 N(-1.2, 0.25) in every coordinate, any shape: the smooth two-mode mixture on which
// orders of convergence are measured.
ToyDenoiser toy_two_modes();

// The probability-flow ODE from `from` to `to` > 0 by the classic fourth-order Runge-Kutta method in log sigma: a
// reference solution of about 1e-12 at the default step count that shares nothing with the solvers under test.
torch::Tensor reference_flow(const ToyDenoiser& denoise, torch::Tensor x, double from, double to, int steps = 4000);

}  // namespace farfield::test
