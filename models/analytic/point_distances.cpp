#include "models/analytic/point_distances.h"

#include <algorithm>

#include "core/math/lanes.h"

namespace farfield {
namespace {

constexpr int64_t kLanes = LanesOf<double>::kWidth;
constexpr int64_t kStretch = 256;  // numbers between two looks at the limit
using Doubles = LanesOf<double>::Type;

// Eight numbers in double. (Lanes are not returned: a function of the least width cannot.)
FARFIELD_INLINE void widen(const float* from, Doubles& lanes) {
  using Narrow [[gnu::vector_size(4 * kLanes), gnu::aligned(4), gnu::may_alias]] = float;
  lanes = __builtin_convertvector(*reinterpret_cast<const Narrow*>(from), Doubles);
}

FARFIELD_INLINE double total(const Doubles& lanes) {
  double sum = 0;
  for (int64_t i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum;
}

}  // namespace

FARFIELD_EVERY_WIDTH
double squared_distance_up_to(const double* x, const float* y, int64_t dim, double most) {
  Doubles sums = {}, point;
  int64_t i = 0;
  while (i + kLanes <= dim) {
    const int64_t end = i + kStretch;
    for (; i + kLanes <= dim && i < end; i += kLanes) {
      widen(y + i, point);
      const Doubles apart = load(x + i) - point;
      sums += apart * apart;
    }
    if (total(sums) > most) return total(sums);
  }
  for (; i < dim; ++i) {
    const double apart = x[i] - static_cast<double>(y[i]);
    sums[i % kLanes] += apart * apart;
  }
  return total(sums);
}

FARFIELD_EVERY_WIDTH
double half_difference(const double* x, const float* y, const float* b, int64_t dim) {
  Doubles sums = {}, point, best;
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    widen(y + i, point), widen(b + i, best);
    sums += (point - best) * (load(x + i) - (point + best) * 0.5);
  }
  for (; i < dim; ++i) {
    const double own = y[i], other = b[i];
    sums[i % kLanes] += (own - other) * (x[i] - (own + other) * 0.5);
  }
  return total(sums);
}

FARFIELD_EVERY_WIDTH
void add_weighted(double weight, const float* y, int64_t dim, double* sum) {
  Doubles point;
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    widen(y + i, point);
    store<double>(sum + i, load(sum + i) + point * weight);
  }
  for (; i < dim; ++i) sum[i] += weight * static_cast<double>(y[i]);
}

FARFIELD_EVERY_WIDTH
double centred_product(const float* y, const double* mean, const double* v, int64_t dim) {
  Doubles sums = {}, point;
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    widen(y + i, point);
    sums += (point - load(mean + i)) * load(v + i);
  }
  for (; i < dim; ++i) sums[i % kLanes] += (static_cast<double>(y[i]) - mean[i]) * v[i];
  return total(sums);
}

}  // namespace farfield
