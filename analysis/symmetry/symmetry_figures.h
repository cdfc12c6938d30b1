#pragma once

#include <optional>

#include "analysis/page/report.h"
#include "analysis/symmetry/symmetry_run.h"

namespace farfield {

// The figures of `farfield symmetry`, one function each; nothing where there is nothing to show.
std::optional<Figure> stability_figure(const SymmetryRun& run);    // the centre's eigenvalue over the levels
std::optional<Figure> bifurcation_figure(const SymmetryRun& run);  // fixed points over the levels
std::optional<Figure> potential_figure(const SymmetryRun& run);    // potentials along the least stable direction
std::optional<Figure> direction_figure(const SymmetryRun& run);    // centre and direction as images

}  // namespace farfield
