#pragma once

#include <cstdint>

namespace farfield {

// Sums over d numbers of a data point y (float32) and a state x in double, eight lanes that are added up at the end: the
// bits depend on nothing but x and y.

// |x - y|^2; where it is sure to be above `most`, any number above that.
double squared_distance_up_to(const double* x, const float* y, int64_t dim, double most);

// (y - b) . (x - (y + b) / 2) = (|x - b|^2 - |x - y|^2) / 2, without the cancellation.
double half_difference(const double* x, const float* y, const float* b, int64_t dim);

// sum += weight y
void add_weighted(double weight, const float* y, int64_t dim, double* sum);

// (y - mean) . v
double centred_product(const float* y, const double* mean, const double* v, int64_t dim);

}  // namespace farfield
