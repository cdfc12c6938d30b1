#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/likelihood/flow_types.h"

namespace farfield {

// "dopri5[,rtol=1e-4][,atol=1e-4]", "euler|heun|rk4[,steps=32][,rho=7]"; usage_error otherwise.
FlowSolver parse_flow_solver(const std::string& text);
std::string in_words(const FlowSolver& solver);  // "heun, 32 steps (rho 7)"

// The levels of a grid, rising from sigma_min to sigma_max. As resolve_levels().
std::vector<double> flow_grid(const FlowSolver& solver, double sigma_min, double sigma_max, const DenoiserInfo& model);
// usage_error for dopri5 and rk4 on a model that knows the levels of a table alone: they evaluate between levels.
void check_flow(const FlowSolver& solver, const DenoiserInfo& model);

// numeric_error naming sigma where a state is not finite or a step vanishes. No gradients.
FlowResult flow_up(const FlowSolver& solver, const FlowDivergence& divergence, const torch::Tensor& x,
                   const FlowRange& range, const std::vector<double>& grid, const FlowProgress& progress = {});

}  // namespace farfield
