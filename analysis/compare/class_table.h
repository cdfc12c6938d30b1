#pragma once

#include <cstdint>
#include <vector>

#include "analysis/compare/comparison.h"
#include "core/io/rows.h"

namespace farfield {

// The score's explained variance (comparison.h) over the probes of one class, of noised data where there are data.
struct ClassRow {
  int64_t label, reference, level;  // class and indices
  int64_t samples;
  double explained;
};

// In the order class, reference, level; what has no probes is left out. Empty without Comparison::classes.
std::vector<ClassRow> class_rows(const Comparison& comparison);

// classes.csv: class, reference, sigma, samples, explained.
Table class_table(const Comparison& comparison, const std::vector<ClassRow>& rows);

}  // namespace farfield
