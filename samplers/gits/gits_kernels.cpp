#include "samplers/gits/gits_kernels.h"

#include "core/math/lanes.h"

namespace farfield {
namespace {

using Lanes = LanesOf<double>::Type;
constexpr int64_t kWidth = LanesOf<double>::kWidth, kParts = 4, kStride = kWidth * kParts;

FARFIELD_INLINE double total(const Lanes (&parts)[kParts]) {
  const Lanes sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

// The sum of the sizes of r = x + h d - y; `add_size` takes a sum and an r, vectors or numbers.
template <class AddSize>
FARFIELD_INLINE double miss(const double* x, const double* d, const double* y, double h, int64_t size,
                            const AddSize& add_size) {
  Lanes sums[kParts] = {};
  int64_t i = 0;
  for (; i + kStride <= size; i += kStride) {
    for (int64_t k = 0; k < kParts; ++k) {
      const int64_t at = i + k * kWidth;
      const Lanes r = load(x + at) + h * load(d + at) - load(y + at);
      add_size(sums[k], r);
    }
  }
  double sum = total(sums);
  for (; i < size; ++i) add_size(sum, x[i] + h * d[i] - y[i]);
  return sum;
}

struct AddAbsolute {
  template <class Value>
  FARFIELD_INLINE void operator()(Value& sum, const Value& r) const {
    sum += r < 0 ? -r : r;
  }
};

struct AddSquare {
  template <class Value>
  FARFIELD_INLINE void operator()(Value& sum, const Value& r) const {
    sum += r * r;
  }
};

}  // namespace

FARFIELD_EVERY_WIDTH
AlongChord along_chord(const double* end, const double* x, const double* d, const double* u, int64_t size) {
  Lanes chord[kParts] = {}, slope[kParts] = {};
  int64_t i = 0;
  for (; i + kStride <= size; i += kStride) {
    for (int64_t k = 0; k < kParts; ++k) {
      const int64_t at = i + k * kWidth;
      const Lanes along = load(u + at);
      chord[k] += (load(end + at) - load(x + at)) * along;
      slope[k] += load(d + at) * along;
    }
  }
  AlongChord sums{total(chord), total(slope)};
  for (; i < size; ++i) {
    sums.chord += (end[i] - x[i]) * u[i];
    sums.slope += d[i] * u[i];
  }
  return sums;
}

FARFIELD_EVERY_WIDTH
AcrossChord across_chord(const double* end, const double* x, const double* d, const double* u, AlongChord along,
                         int64_t size) {
  Lanes p_p[kParts] = {}, p_q[kParts] = {}, q_q[kParts] = {};
  int64_t i = 0;
  for (; i + kStride <= size; i += kStride) {
    for (int64_t k = 0; k < kParts; ++k) {
      const int64_t at = i + k * kWidth;
      const Lanes unit = load(u + at);
      const Lanes p = load(end + at) - load(x + at) - along.chord * unit, q = load(d + at) - along.slope * unit;
      p_p[k] += p * p;
      p_q[k] += p * q;
      q_q[k] += q * q;
    }
  }
  AcrossChord sums{total(p_p), total(p_q), total(q_q)};
  for (; i < size; ++i) {
    const double p = end[i] - x[i] - along.chord * u[i], q = d[i] - along.slope * u[i];
    sums.p_p += p * p;
    sums.p_q += p * q;
    sums.q_q += q * q;
  }
  return sums;
}

FARFIELD_EVERY_WIDTH
double square_after_jump(const double* end, const double* x, const double* d, const double* u, AlongChord along,
                         double h, int64_t size) {
  Lanes sums[kParts] = {};
  int64_t i = 0;
  for (; i + kStride <= size; i += kStride) {
    for (int64_t k = 0; k < kParts; ++k) {
      const int64_t at = i + k * kWidth;
      const Lanes unit = load(u + at);
      const Lanes p = load(end + at) - load(x + at) - along.chord * unit, q = load(d + at) - along.slope * unit;
      const Lanes left = p - h * q;
      sums[k] += left * left;
    }
  }
  double sum = total(sums);
  for (; i < size; ++i) {
    const double left = end[i] - x[i] - along.chord * u[i] - h * (d[i] - along.slope * u[i]);
    sum += left * left;
  }
  return sum;
}

FARFIELD_EVERY_WIDTH
double absolute_miss(const double* x, const double* d, const double* y, double h, int64_t size) {
  return miss(x, d, y, h, size, AddAbsolute());
}

FARFIELD_EVERY_WIDTH
double square_miss(const double* x, const double* d, const double* y, double h, int64_t size) {
  return miss(x, d, y, h, size, AddSquare());
}

}  // namespace farfield
