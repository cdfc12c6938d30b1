#include "models/patches/box_filter.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/math/lanes.h"

namespace farfield {
namespace {

using BoxLanes = LanesOf<double>::Type;
constexpr int64_t kBoxSlices = 4, kBoxGroup = 32;

// to[j] += sign * from[j] for a row of `count` planes.
FARFIELD_INLINE void add_row(const double* from, int64_t count, double sign, double* to) {
  for (int64_t j = 0; j < count * kBoxGroup; j += LanesOf<double>::kWidth) {
    store(to + j, load(to + j) + sign * load(from + j));
  }
}

// One row of outputs from the sums of columns.
FARFIELD_INLINE void sum_along(const BoxAxis& columns, const double* sums, double* out) {
  const int64_t outputs = columns.outputs();
  int64_t first = columns.first[0], end = first;
  BoxLanes running[kBoxSlices] = {};
  for (int64_t j = 0; j < outputs; ++j) {
    for (; end < columns.end[j]; ++end) {
      const double* from = sums + columns.input(end) * kBoxGroup;
#pragma GCC unroll 4
      for (int64_t s = 0; s < kBoxSlices; ++s) running[s] += load(from + s * LanesOf<double>::kWidth);
    }
    for (; first < columns.first[j]; ++first) {
      const double* from = sums + columns.input(first) * kBoxGroup;
#pragma GCC unroll 4
      for (int64_t s = 0; s < kBoxSlices; ++s) running[s] -= load(from + s * LanesOf<double>::kWidth);
    }
#pragma GCC unroll 4
    for (int64_t s = 0; s < kBoxSlices; ++s) store(out + j * kBoxGroup + s * LanesOf<double>::kWidth, running[s]);
  }
}

FARFIELD_EVERY_WIDTH
void box_sums(const BoxAxis& rows, const BoxAxis& columns, const double* in, double* sums, double* out) {
  const int64_t width = columns.inputs;
  std::fill(sums, sums + width * kBoxGroup, 0.0);
  int64_t first = rows.first[0], end = first;
  for (int64_t i = 0; i < rows.outputs(); ++i) {
    for (; end < rows.end[i]; ++end) add_row(in + rows.input(end) * width * kBoxGroup, width, 1, sums);
    for (; first < rows.first[i]; ++first) add_row(in + rows.input(first) * width * kBoxGroup, width, -1, sums);
    sum_along(columns, sums, out + i * columns.outputs() * kBoxGroup);
  }
}

int64_t longest(const BoxAxis& axis) {
  int64_t most = 0;
  for (int64_t i = 0; i < axis.outputs(); ++i) most = std::max(most, axis.end[i] - axis.first[i]);
  return most;
}

class BoxFilter final : public LaneFilter {
 public:
  BoxFilter(BoxAxis rows, BoxAxis columns) : rows_(std::move(rows)), columns_(std::move(columns)) {}

  int64_t planes() const override { return rows_.inputs * columns_.inputs; }
  int64_t places() const override { return rows_.outputs() * columns_.outputs(); }
  int64_t scratch_size() const override { return columns_.inputs * kBoxGroup; }

  void apply(const double* in, double* scratch, double* out) const override {
    box_sums(rows_, columns_, in, scratch, out);
  }

  void member(int64_t place, std::vector<int32_t>& planes, std::vector<double>& weights) const override {
    const auto i = static_cast<size_t>(place / columns_.outputs()), j = static_cast<size_t>(place % columns_.outputs());
    planes.clear();
    weights.clear();
    for (int64_t row = rows_.first[i]; row < rows_.end[i]; ++row) {
      for (int64_t column = columns_.first[j]; column < columns_.end[j]; ++column) {
        planes.push_back(static_cast<int32_t>(rows_.input(row) * columns_.inputs + columns_.input(column)));
      }
    }
  }

  double largest_sum() const override { return static_cast<double>(longest(rows_) * longest(columns_)); }
  // Running sums keep what they have erred by.
  double roundoff() const override {
    return std::sqrt(static_cast<double>(2 * rows_.inputs)) + std::sqrt(static_cast<double>(2 * columns_.inputs));
  }

 private:
  BoxAxis rows_, columns_;
};

void add_range(BoxAxis& axis, int64_t first, int64_t end) {
  axis.first.push_back(first);
  axis.end.push_back(end);
}

// `at` of ranges that end at the last input.
void number_inputs(BoxAxis& axis) {
  for (int64_t t = axis.first.front(); t < axis.end.back(); ++t) {
    axis.at.push_back(static_cast<int32_t>((t + axis.inputs) % axis.inputs));
  }
}

}  // namespace

BoxAxis clipped_axis(int64_t length, int64_t k) {
  BoxAxis axis{length, {}, {}, {}};
  const int64_t reach = k / 2;
  for (int64_t i = 0; i < length; ++i)
    add_range(axis, std::max<int64_t>(0, i - reach), std::min(length, i + reach + 1));
  number_inputs(axis);
  return axis;
}

BoxAxis wrapped_axis(int64_t length, int64_t k) {
  check(k <= length, "a box on a circle meets no input twice");
  BoxAxis axis{length, {}, {}, {}};
  for (int64_t i = 0; i < length; ++i) add_range(axis, i - k / 2, i + k / 2 + 1);
  number_inputs(axis);
  return axis;
}

BoxAxis inside_axis(int64_t length, int64_t p) {
  check(p >= 1 && p <= length, "a window lies inside");
  BoxAxis axis{length, {}, {}, {}};
  for (int64_t i = 0; i + p <= length; ++i) add_range(axis, i, i + p);
  number_inputs(axis);
  return axis;
}

BoxAxis covering_axis(int64_t length, int64_t p) {
  const int64_t windows = length - p + 1;
  BoxAxis axis{windows, {}, {}, {}};
  for (int64_t j = 0; j < length; ++j) add_range(axis, std::max<int64_t>(0, j - p + 1), std::min(windows, j + 1));
  number_inputs(axis);
  return axis;
}

std::unique_ptr<LaneFilter> make_box_filter(BoxAxis rows, BoxAxis columns) {
  return std::make_unique<BoxFilter>(std::move(rows), std::move(columns));
}

}  // namespace farfield
