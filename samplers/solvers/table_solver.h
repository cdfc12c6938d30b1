#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "samplers/solvers/solver_table.h"

namespace farfield {

// The solver of a table. It steps through the table's levels and no others: asked for other levels it throws a usage_error that
// names `name` and both, and it takes no churn. With table.afs it starts analytically by itself. usage_error as check_table().
std::unique_ptr<const Solver> make_table_solver(SolverTable table, std::string name);

// Whether the first value is analytical without `--afs`: with it, the second would be, too.
bool starts_analytically(const Solver& solver);

// The FILE of "table:FILE", as solvers and schedules are named; nothing for every other text.
std::optional<std::filesystem::path> table_named(std::string_view text);

}  // namespace farfield
