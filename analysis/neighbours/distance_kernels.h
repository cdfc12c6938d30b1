#pragma once

#include <cstdint>

namespace farfield {

// The inner loops of nearest_neighbours.cpp on plain arrays. Sums are formed in one order: the same bits on every CPU,
// whatever its vector width.

// |x - y|^2, in float64.
double squared_distance(const double* x, const float* y, int64_t dim);
// |y - c|^2, in float32.
float squared_distance(const float* c, const float* y, int64_t dim);
// The first i >= begin with a score that is not below `least` (or NaN); `count` when there is none.
int64_t next_not_below(float least, const float* scores, int64_t begin, int64_t count);

}  // namespace farfield
