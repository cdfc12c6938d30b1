#include "analysis/geometry/complement_measure.h"

#include <algorithm>
#include <cmath>

#include "analysis/geometry/gram_product.h"
#include "analysis/geometry/leading_eigen.h"

namespace farfield {
namespace {

constexpr int64_t kMost = ComplementMeasure::kComponents;
constexpr int64_t kUsed = kMost - 1;  // components of a reconstruction: the chord is its first dimension

// Row n: p_n - end - along_n (start - end).
FARFIELD_EVERY_WIDTH
void set_rests(const Tile& points, const double* along, Tile& rests) {
  const double *start = points.row(0), *end = points.row(points.rows() - 1);
  for (int64_t n = 0; n < points.rows(); ++n) {
    const double* p = points.row(n);
    const double part = along[n];
    double* to = rests.row(n);
    for (int64_t at = 0; at < points.width(); at += kLanes) {
      const ColumnLanes last = load(end + at);
      store(to + at, ColumnLanes(load(p + at) - last - part * (load(start + at) - last)));
    }
  }
}

FARFIELD_EVERY_WIDTH
void subtract_mean(Tile& rows, int64_t count) {
  for (int64_t at = 0; at < rows.width(); at += kLanes) {
    ColumnLanes sum = {};
    for (int64_t n = 0; n < count; ++n) sum += load(rows.row(n) + at);
    const ColumnLanes mean = sum / static_cast<double>(count);
    for (int64_t n = 0; n < count; ++n) store(rows.row(n) + at, ColumnLanes(load(rows.row(n) + at) - mean));
  }
}

// directions[k] = sum over n of weights[k][n] rows[n], and |directions[k]|^2 added to lengths[k].
FARFIELD_EVERY_WIDTH
void set_directions(const Tile& rows, int64_t count, const double* weights, Tile& directions, LaneSum* lengths) {
  for (int64_t at = 0; at < rows.width(); at += kLanes) {
    ColumnLanes sums[kUsed] = {};
    for (int64_t n = 0; n < count; ++n) {
      const ColumnLanes row = load(rows.row(n) + at);
      for (int64_t k = 0; k < kUsed; ++k) sums[k] += weights[k * count + n] * row;
    }
    for (int64_t k = 0; k < kUsed; ++k) {
      store(directions.row(k) + at, sums[k]);
      store(lengths[k].lanes, ColumnLanes(load(lengths[k].lanes) + sums[k] * sums[k]));
    }
  }
}

// Row n, k: |rows[n] - sum over j <= k of weights[j][n] directions[j]|^2.
FARFIELD_EVERY_WIDTH
void add_errors(const Tile& rows, int64_t count, const double* weights, const Tile& directions, LaneSum* sums) {
  for (int64_t n = 0; n < count; ++n) {
    const double* row = rows.row(n);
    sum_columns<kUsed>(rows.width(), sums + kUsed * n, [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      ColumnLanes rest = load(row + at);
      for (int64_t k = 0; k < kUsed; ++k) {
        rest -= weights[k * count + n] * load(directions.row(k) + at);
        s[k] += rest * rest;
      }
    });
  }
}

}  // namespace

ComplementMeasure::ComplementMeasure(int64_t levels, bool centred)
    : eigenvalues(kMost, kNoValue),
      explained(kMost, kNoValue),
      errors(kMost * levels),
      across_1(levels),
      across_2(levels),
      levels_(levels),
      centred_(centred),
      complement_(gram_size(levels)),
      directions_(kUsed),
      products_(gram_size(levels) * gram_size(levels)),
      weights_(kMost * levels),
      rests_(kUsed * levels),
      lengths_(kUsed) {
  for (int64_t n = levels; n < complement_.rows(); ++n) std::fill_n(complement_.row(n), Tile::kStride, 0.0);
}

void ComplementMeasure::set_complement(const Tile& states, const ChordMeasure& chord) {
  complement_.shape_like(states);
  set_rests(states, chord.along.data(), complement_);
  if (centred_) subtract_mean(complement_, levels_);
}

void ComplementMeasure::first_pass(const Tile& states, const ChordMeasure& chord) {
  set_complement(states, chord);
  add_gram_products(complement_, products_);
}

void ComplementMeasure::settle(const ChordMeasure& chord) {
  const int64_t stride = complement_.rows();
  std::vector<double> matrix(levels_ * levels_);
  double total = 0;
  for (int64_t i = 0; i < levels_; ++i) {
    for (int64_t j = 0; j <= i; ++j) matrix[i * levels_ + j] = matrix[j * levels_ + i] = products_[i * stride + j];
    total += matrix[i * levels_ + i];
  }
  const double rounding = kRounding * *std::ranges::max_element(chord.norm);
  if (!(total > static_cast<double>(levels_) * rounding * rounding)) return;
  const LeadingEigen leading = leading_eigen(matrix, levels_, kMost);
  std::ranges::copy(leading.vectors, weights_.begin());
  double sum = 0;
  for (size_t k = 0; k < kMost; ++k) {
    const double value = k < leading.values.size() ? leading.values[k] : 0;
    eigenvalues[k] = value / static_cast<double>(levels_ - 1);
    explained[k] = std::min(1.0, (sum += value) / total);
  }
}

void ComplementMeasure::second_pass(const Tile& states, const ChordMeasure& chord) {
  set_complement(states, chord);
  directions_.shape_like(states);
  set_directions(complement_, levels_, weights_.data(), directions_, lengths_.data());
  add_errors(complement_, levels_, weights_.data(), directions_, rests_.data());
}

void ComplementMeasure::finish(const ChordMeasure& chord) {
  const double first = std::sqrt(lengths_[0].total()), second = std::sqrt(lengths_[1].total());
  for (int64_t n = 0; n < levels_; ++n) {
    errors[n] = chord.deviation[n];
    for (int64_t k = 1; k < kMost; ++k) errors[k * levels_ + n] = std::sqrt(rests_[kUsed * n + k - 1].total());
    // w_0 = 0, so that its coordinates less those of the mean are what the mean's are.
    across_1[n] = first * (weights_[n] - weights_[0]);
    across_2[n] = second * (weights_[levels_ + n] - weights_[levels_]);
  }
}

}  // namespace farfield
