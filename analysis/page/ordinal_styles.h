#pragma once

#include <cstddef>
#include <vector>

#include "analysis/page/series.h"

namespace farfield {

// The looks of lines that stand in an order, such as ranks or numbers of components: colours in one sequence from blue to red, legible on light
// and dark pages, with marks and dashes that change from each to the next.
std::vector<SeriesStyle> ordinal_styles(size_t count);

}  // namespace farfield
