#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// The nearest data points of some states, nearest first.
struct Neighbours {
  torch::Tensor index;     // [n, k] int64, into the data
  torch::Tensor distance;  // [n, k] float64, |x - y|
};

// The k data points y with the least |x - y|, for every row x of states [n, ...shape] (floating, finite, CPU), shape
// being that of the data. Exact: a float32 product says of a point that it is farther than k others only beyond its
// proven error bound; all others are decided by float64 differences of the values as they are, equal distances by the
// lower index. So the result depends on neither the other states nor the number of threads. Memory beyond the result:
// one block of states and one of data. usage_error unless 1 <= k <= the number of data points and the shapes agree,
// numeric_error naming a state that is not finite; Error(kInterrupted) on a signal.
Neighbours nearest_neighbours(const torch::Tensor& states, const DataSource& data, int64_t k);

// The errors above, before any work: `shape` of one state.
void check_neighbours(torch::IntArrayRef shape, const DataInfo& data, int64_t k);

}  // namespace farfield
