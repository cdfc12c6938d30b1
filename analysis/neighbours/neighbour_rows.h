#pragma once

#include <vector>

#include "analysis/neighbours/nearest_neighbours.h"
#include "core/io/rows.h"

namespace farfield {

// Columns rank (from 1), index, label (empty without labels), distance: adds a row for each neighbour of state `row`, with
// `first` before them. labels: those of the data, [N] int64 or undefined.
void add_neighbour_rows(const Neighbours& found, int64_t row, const torch::Tensor& labels,
                        const std::vector<Cell>& first, Table& table);

}  // namespace farfield
