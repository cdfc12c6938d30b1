#pragma once

#include <cmath>

#include "core/io/rows.h"

namespace farfield {

// A ratio in a table: an empty cell where it has no meaning, as its denominator is 0.
inline Cell ratio_cell(double ratio) { return std::isfinite(ratio) ? Cell(ratio) : Cell(); }

}  // namespace farfield
