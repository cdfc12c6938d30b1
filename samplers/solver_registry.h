#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "samplers/solver.h"

namespace farfield {

// A row of the table of solvers.
struct SolverEntry {
  std::string name;
  std::string summary;  // for --help: method, order, evaluations a step
  std::unique_ptr<const Solver> (*make)();
};

// Every solver there is, in the order of --help. The table is in solver_registry.cpp: a new solver is one row there.
const std::vector<SolverEntry>& solver_table();

std::vector<std::string> solver_names();
// usage_error with the nearest name when there is none of this name.
std::unique_ptr<const Solver> make_solver(std::string_view name);

}  // namespace farfield
