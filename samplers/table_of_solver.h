#pragma once

#include <vector>

#include "samplers/solvers/solver_table.h"

namespace farfield {

// `solver` over `levels` as a table, worked out from one run over symbols: slopes of the ODE are unit vectors, and what it adds
// to a state are its coefficients. Exact to rounding; with `afs` the first value is analytical. usage_error for a solver that draws
// noise, chooses its own steps or levels, or evaluates in a step at a place that depends on another than its first value.
SolverTable table_of_solver(const Solver& solver, const std::vector<double>& levels, bool afs);

}  // namespace farfield
