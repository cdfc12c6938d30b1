#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <torch/types.h>

#include "analysis/likelihood/divergence.h"

namespace farfield {

// What carries a state from sigma_min up to sigma_max along the probability-flow ODE, and with it the integral of the divergence.
//   dopri5           Dormand and Prince's pair in ln sigma, where the integrand tr(I - dD/dx) is bounded; every sample has step
//                    sizes of its own, whatever it is computed with
//   euler heun rk4   in sigma, on `steps` intervals of the polynomial schedule; both advance by the same formula
struct FlowSolver {
  std::string name = "dopri5";
  double rtol = 1e-4, atol = 1e-4;  // of the state, and of the integral per dimension
  int64_t steps = 32;
  double rho = 7;
};

// The divergence at states of some of the samples: x [A, ...shape], sigma [A], places [A] int64 in the batch.
using FlowDivergence =
    std::function<Divergence::Value(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& places)>;

// All float64.
struct FlowResult {
  torch::Tensor x;            // [B, ...shape] at sigma_max
  torch::Tensor integral;     // [B, columns]: of tr(I - dD/dx) over ln sigma
  torch::Tensor evaluations;  // [B] int64: of the divergence, counted
  torch::Tensor
      growth;  // [B, intervals]: the integral's growth in each of `intervals` equal parts of ln sigma; its columns' mean
};

struct FlowRange {
  double sigma_min = 0.002, sigma_max = 80;
  int64_t intervals = 32;  // of FlowResult::growth
};

// Tells how far it is: shares of whole trajectories that were covered since the last call.
using FlowProgress = std::function<void(double trajectories)>;

}  // namespace farfield
