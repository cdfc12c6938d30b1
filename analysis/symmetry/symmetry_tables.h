#pragma once

#include <optional>

#include "analysis/symmetry/symmetry_run.h"
#include "core/io/rows.h"

namespace farfield {

inline constexpr const char* kSymmetryBranches[] = {"plus", "minus"};  // either side of the centre

// The largest eigenvalue of the data's covariance, where it is known.
std::optional<double> leading_eigenvalue(const SymmetryRun& run);

// The tables of `farfield symmetry` (docs/formats.md).
Table fixed_points_table(const SymmetryRun& run);  // fixed_points.csv
Table potentials_table(const SymmetryRun& run);    // potentials.csv

}  // namespace farfield
