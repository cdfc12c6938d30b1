#pragma once

#include "analysis/symmetry/symmetry_run.h"
#include "core/io/rows.h"

namespace farfield {

// The tables of `farfield symmetry` (docs/formats.md).
Table fixed_points_table(const SymmetryRun& run);  // fixed_points.csv
Table potentials_table(const SymmetryRun& run);    // potentials.csv

}  // namespace farfield
