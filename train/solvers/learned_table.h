#pragma once

#include <functional>
#include <vector>

#include <torch/types.h>

#include "models/denoiser.h"
#include "samplers/solvers/solver_table.h"

namespace farfield {

// A solver table while it is being learned: every number is a float64 tensor of shape [], with its way back to the parameters.
using TensorTable = TableOf<torch::Tensor>;

// The numbers alone.
SolverTable values_of(const TensorTable& table);

// D(x; sigma) with its gradients: x [B, ...shape] float64, sigma [] float64; returns like x.
using LevelDenoiseFn = std::function<torch::Tensor(const torch::Tensor& x, const torch::Tensor& sigma)>;

// `denoiser` for labels (as Denoiser::bind) whose evaluations keep x and sigma alone and are made again on the way back: the
// memory of a run with gradients is that of one evaluation's activations (checkpointing; Chen et al. 2016). The denoiser must
// outlive every graph. usage_error on the way back where it has no gradient.
LevelDenoiseFn checkpointed(const Denoiser& denoiser, torch::Tensor labels);

// The state at the last level from x at the first, [B, ...shape] float64, with gradients: what make_table_solver() computes with the
// table's values, to rounding.
torch::Tensor run_table(const TensorTable& table, const LevelDenoiseFn& denoise, torch::Tensor x);

}  // namespace farfield
