#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/likelihood/flow_types.h"
#include "analysis/likelihood/growth.h"

// What flow_up() is made of: adaptive_flow.cpp, grid_flow.cpp.
namespace farfield {

// dx and dL over the variable of the integration, [A, ...shape] and [A, columns].
struct FlowSlope {
  torch::Tensor x, integral;
};

// Every sample by steps of its own, in u = ln sigma.
FlowResult adaptive_flow(const FlowSolver& solver, const FlowDivergence& divergence, const torch::Tensor& x,
                         const FlowRange& range, const FlowProgress& progress);

// All samples on one grid, in sigma, by an explicit method: its stages lie at from + c h, each moved along the slope of the stage
// before by c h.
struct GridMethod {
  const char* name;
  std::vector<double> at, weights;  // c, b
};
const GridMethod* find_grid_method(const std::string& name);  // nullptr: there is none
FlowResult grid_flow(const GridMethod& method, const FlowDivergence& divergence, const torch::Tensor& x,
                     const FlowRange& range, const std::vector<double>& grid, const FlowProgress& progress);

// The ends of the intervals of FlowResult::growth in ln sigma; the rows of that matrix, integral [B, columns].
std::vector<double> growth_places(const FlowRange& range);
torch::Tensor growth_matrix(const std::vector<Growth>& growths, const torch::Tensor& integral);

}  // namespace farfield
