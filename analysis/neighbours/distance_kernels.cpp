#include "analysis/neighbours/distance_kernels.h"

#include "core/math/lanes.h"

namespace farfield {
namespace {

using Doubles = LanesOf<double>::Type;
using HalfFloats [[gnu::vector_size(32), gnu::aligned(alignof(float)), gnu::may_alias]] = float;  // as many floats
using Floats = LanesOf<float>::Type;

}  // namespace

FARFIELD_EVERY_WIDTH
double squared_distance(const double* x, const float* y, int64_t dim) {
  constexpr int64_t kWidth = LanesOf<double>::kWidth;
  Doubles sums = {};
  int64_t i = 0;
  for (; i + kWidth <= dim; i += kWidth) {
    const Doubles wide = __builtin_convertvector(*reinterpret_cast<const HalfFloats*>(y + i), Doubles);
    const Doubles difference = load(x + i) - wide;
    sums += difference * difference;
  }
  for (; i < dim; ++i) {
    const double difference = x[i] - static_cast<double>(y[i]);
    sums[i % kWidth] += difference * difference;
  }
  double sum = 0;
  for (int64_t lane = 0; lane < kWidth; ++lane) sum += sums[lane];
  return sum;
}

FARFIELD_EVERY_WIDTH
float squared_distance(const float* c, const float* y, int64_t dim) {
  constexpr int64_t kWidth = LanesOf<float>::kWidth;
  Floats sums = {};
  int64_t i = 0;
  for (; i + kWidth <= dim; i += kWidth) {
    const Floats difference = load(y + i) - load(c + i);
    sums += difference * difference;
  }
  for (; i < dim; ++i) sums[i % kWidth] += (y[i] - c[i]) * (y[i] - c[i]);
  float sum = 0;
  for (int64_t lane = 0; lane < kWidth; ++lane) sum += sums[lane];
  return sum;
}

FARFIELD_EVERY_WIDTH
int64_t next_not_below(float least, const float* scores, int64_t begin, int64_t count) {
  constexpr int64_t kWidth = LanesOf<float>::kWidth;
  int64_t i = begin;
  for (; i + 4 * kWidth <= count; i += 4 * kWidth) {
    const auto below = (load(scores + i) < least) & (load(scores + i + kWidth) < least) &
                       (load(scores + i + 2 * kWidth) < least) & (load(scores + i + 3 * kWidth) < least);
    bool all = true;
    for (int64_t lane = 0; lane < kWidth; ++lane) all &= below[lane] != 0;
    if (!all) break;
  }
  while (i < count && scores[i] < least) ++i;
  return i;
}

}  // namespace farfield
