#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include <torch/types.h>

#include "samplers/solvers/solver.h"

namespace farfield {

// The arithmetic of solver steps. Every function reads each of its tensors once and writes each result once, whatever
// the number of terms: a step costs what its formula must move through memory. Tensors of one call have one shape,
// dtype and device. Single-threaded below 32k numbers; the results do not depend on the number of threads.

struct Term {
  double factor;
  torch::Tensor tensor;
};

// sum_j factor_j tensor_j, for one to eight terms. A factor of 0 leaves its tensor out, so that 0 * infinity is 0.
torch::Tensor linear_combination(std::span<const Term> terms);
torch::Tensor linear_combination(std::initializer_list<Term> terms);

// x + (to - from) d(x; from) = (to / from) x + (1 - to / from) D; exactly D at to = 0.
torch::Tensor euler_step(const torch::Tensor& x, const torch::Tensor& denoised, Interval interval);

// weight (x - denoised) / sigma: a slope of the ODE as a term of a step.
struct Slope {
  double weight;
  torch::Tensor x, denoised;
  double sigma;
};

// x + sum_j weight_j (x_j - denoised_j) / sigma_j, for one to four slopes, `x` being the first of the x_j if they are
// four.
torch::Tensor add_slopes(const torch::Tensor& x, std::span<const Slope> slopes);

// d = (x - denoised) / sigma, and x + weights[0] d + sum_j weights[j] past[j - 1] in the same pass. `past` has one
// tensor less than weights.
struct SlopeStep {
  torch::Tensor x, slope;
};
SlopeStep slope_step(const torch::Tensor& x, const torch::Tensor& denoised, double sigma,
                     std::span<const double> weights, std::span<const torch::Tensor> past);

}  // namespace farfield
