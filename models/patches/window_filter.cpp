#include "models/patches/window_filter.h"

#include <cmath>

#include "core/math/lanes.h"

namespace farfield {
namespace {

using torch::Tensor;
using WindowLanes = LanesOf<double>::Type;
constexpr int64_t kWindowSlices = 4, kWindowGroup = 32;

// to[32] = sum_a weights[a] from[a * stride ...].
FARFIELD_INLINE void weighted_sum(const double* weights, int64_t count, const double* from, int64_t stride,
                                  double* to) {
  WindowLanes sums[kWindowSlices] = {};
  for (int64_t a = 0; a < count; ++a) {
#pragma GCC unroll 4
    for (int64_t s = 0; s < kWindowSlices; ++s) {
      sums[s] += weights[a] * load(from + a * stride + s * LanesOf<double>::kWidth);
    }
  }
#pragma GCC unroll 4
  for (int64_t s = 0; s < kWindowSlices; ++s) store(to + s * LanesOf<double>::kWidth, sums[s]);
}

// The weights of one axis, and how many outputs and inputs it has.
struct WindowAxis {
  const double* weights;
  int64_t outputs, inputs;
};

FARFIELD_EVERY_WIDTH
void window_sums(const WindowAxis& rows, const WindowAxis& columns, const double* in, double* sums, double* out) {
  const int64_t row_size = columns.inputs * kWindowGroup;
  for (int64_t i = 0; i < rows.outputs; ++i) {
    for (int64_t b = 0; b < columns.inputs; ++b) {
      weighted_sum(rows.weights + i * rows.inputs, rows.inputs, in + b * kWindowGroup, row_size,
                   sums + b * kWindowGroup);
    }
    for (int64_t j = 0; j < columns.outputs; ++j) {
      weighted_sum(columns.weights + j * columns.inputs, columns.inputs, sums, kWindowGroup,
                   out + (i * columns.outputs + j) * kWindowGroup);
    }
  }
}

class WindowFilter final : public LaneFilter {
 public:
  WindowFilter(const Tensor& rows, const Tensor& columns) : rows_(rows.contiguous()), columns_(columns.contiguous()) {}

  int64_t planes() const override { return rows_.size(1) * columns_.size(1); }
  int64_t places() const override { return rows_.size(0) * columns_.size(0); }
  int64_t scratch_size() const override { return columns_.size(1) * kWindowGroup; }

  void apply(const double* in, double* scratch, double* out) const override {
    window_sums(axis(rows_), axis(columns_), in, scratch, out);
  }

  void member(int64_t place, std::vector<int32_t>& planes, std::vector<double>& weights) const override {
    const double* of_row = rows_.const_data_ptr<double>() + place / columns_.size(0) * rows_.size(1);
    const double* of_column = columns_.const_data_ptr<double>() + place % columns_.size(0) * columns_.size(1);
    planes.clear();
    weights.clear();
    for (int64_t plane = 0; plane < this->planes(); ++plane) {
      const double weight = of_row[plane / columns_.size(1)] * of_column[plane % columns_.size(1)];
      if (weight == 0) continue;
      planes.push_back(static_cast<int32_t>(plane));
      weights.push_back(weight);
    }
  }

  double largest_sum() const override {
    return rows_.sum(1).max().item<double>() * columns_.sum(1).max().item<double>();
  }
  double roundoff() const override {
    return 2 + std::sqrt(static_cast<double>(rows_.size(1))) + std::sqrt(static_cast<double>(columns_.size(1)));
  }

 private:
  static WindowAxis axis(const Tensor& weights) {
    return {weights.const_data_ptr<double>(), weights.size(0), weights.size(1)};
  }

  Tensor rows_, columns_;
};

// exp(-distance^2 / (2 (k^2 - 1) / 12)).
Tensor gaussian_of(const Tensor& distance, int64_t k) {
  if (k == 1) return distance.eq(0).to(torch::kFloat64);
  return (distance.square() * (-6 / (static_cast<double>(k) * static_cast<double>(k) - 1))).exp();
}

Tensor places_of(int64_t count) { return torch::arange(count, torch::kFloat64); }

}  // namespace

Tensor gaussian_axis(int64_t length, int64_t k, bool wraps) {
  const Tensor distance = (places_of(length).unsqueeze(1) - places_of(length)).abs();
  return gaussian_of(wraps ? torch::minimum(distance, static_cast<double>(length) - distance) : distance, k);
}

Tensor gaussian_axis_inside(int64_t length, int64_t p) {
  const Tensor centres = places_of(length - p + 1) + static_cast<double>(p - 1) / 2;
  return gaussian_of(centres.unsqueeze(1) - places_of(length), p);
}

std::unique_ptr<LaneFilter> make_window_filter(const Tensor& rows, const Tensor& columns) {
  return std::make_unique<WindowFilter>(rows, columns);
}

}  // namespace farfield
