#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "samplers/solvers/solver.h"
#include "samplers/solvers/solver_options.h"

namespace farfield {

// A row of the table of solvers.
struct SolverEntry {
  std::string name;
  std::string summary;               // for --help: method, order, evaluations a step
  std::vector<std::string> options;  // what it takes after its name: "r=", or "predict=x0|eps" where values are words
  std::function<std::unique_ptr<const Solver>(const SolverOptions&)> make;
};

// Every solver there is, in the order of --help. The table is in solver_registry.cpp: a new solver is one row there.
const std::vector<SolverEntry>& solver_table();

std::vector<std::string> solver_names();
// One line a solver: name, summary, options.
std::string solver_help();

// The solver of SOLVER[,option=value...], for example "heun" or "dpm2,r=0.3", or of "table:FILE" (table_file.h). usage_error with the nearest name for an
// unknown solver, what the solver takes for an option it does not use, and the range for a bad value.
std::unique_ptr<const Solver> make_solver(std::string_view text);
// The same text with every option of that solver and the value it has: "dpm2" gives "dpm2,r=0.5"; "table:FILE" as it is.
std::string resolve_solver(std::string_view text);

}  // namespace farfield
