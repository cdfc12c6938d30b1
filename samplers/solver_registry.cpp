#include "samplers/solver_registry.h"

#include "core/error.h"
#include "core/text.h"
#include "samplers/solvers.h"

namespace farfield {

const std::vector<SolverEntry>& solver_table() {
  static const std::vector<SolverEntry> table = {
      {"euler", "Euler = DDIM; order 1, one evaluation a step", make_euler},
      {"heun", "Heun, EDM's sampler; order 2, two evaluations a step, one in a step to 0", make_heun},
  };
  return table;
}

std::vector<std::string> solver_names() {
  std::vector<std::string> names;
  for (const auto& entry : solver_table()) names.push_back(entry.name);
  return names;
}

std::unique_ptr<const Solver> make_solver(std::string_view name) {
  for (const auto& entry : solver_table()) {
    if (entry.name == name) return entry.make();
  }
  throw usage_error(unknown_name("solver", name, solver_names()));
}

}  // namespace farfield
