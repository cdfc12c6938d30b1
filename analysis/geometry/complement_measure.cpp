#include "analysis/geometry/complement_measure.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/geometry/gram_product.h"
#include "analysis/geometry/leading_eigen.h"

namespace farfield {
namespace {

constexpr int64_t kMost = ComplementMeasure::kComponents;
constexpr int64_t kUsed = kMost - 1;  // components of a reconstruction: the chord is its first dimension

// Row n - 1, for every level n but the ends: p_n - end - along_n (start - end).
FARFIELD_EVERY_WIDTH
void set_rests(const Tile& points, const double* along, Tile& rests) {
  const double *start = points.row(0), *end = points.row(points.rows() - 1);
  for (int64_t n = 1; n + 1 < points.rows(); ++n) {
    const double* p = points.row(n);
    const double part = along[n];
    double* to = rests.row(n - 1);
    for (int64_t at = 0; at < points.width(); at += kLanes) {
      const ColumnLanes last = load(end + at);
      store(to + at, load(p + at) - last - part * (load(start + at) - last));
    }
  }
}

// directions[k] = sum of weights[k][n] rows[n - 1] over the levels n but the ends; |directions[k]|^2 added to lengths[k
// - 1] for k > 0.
FARFIELD_EVERY_WIDTH
void set_directions(const Tile& rows, int64_t levels, const double* weights, Tile& directions, LaneSum* lengths) {
  for (int64_t at = 0; at < rows.width(); at += kLanes) {
    ColumnLanes sums[kMost] = {};
    for (int64_t n = 1; n + 1 < levels; ++n) {
      const ColumnLanes row = load(rows.row(n - 1) + at);
      FARFIELD_UNROLLED
      for (int64_t k = 0; k < kMost; ++k) sums[k] += weights[k * levels + n] * row;
    }
    FARFIELD_UNROLLED
    for (int64_t k = 0; k < kMost; ++k) {
      store(directions.row(k) + at, sums[k]);
      if (k > 0) store(lengths[k - 1].lanes, load(lengths[k - 1].lanes) + sums[k] * sums[k]);
    }
  }
}

// For every level n and k, with w_n in a row of its own or 0: |w_n - directions[0] - sum over 0 < j <= k of
// weights[j][n] directions[j]|^2.
FARFIELD_EVERY_WIDTH
void add_error_sums(const Tile& rows, int64_t levels, const double* weights, const Tile& directions, LaneSum* sums) {
  const double* nothing = rows.row(rows.rows() - 1);
  for (int64_t n = 0; n < levels; ++n) {
    const double* row = n == 0 || n + 1 == levels ? nothing : rows.row(n - 1);
    sum_columns<kUsed>(rows.width(), sums + kUsed * n, [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      ColumnLanes rest = load(row + at) - load(directions.row(0) + at);
      FARFIELD_UNROLLED
      for (int64_t k = 0; k < kUsed; ++k) {
        rest -= weights[(k + 1) * levels + n] * load(directions.row(k + 1) + at);
        s[k] += rest * rest;
      }
    });
  }
}

// Of rows less their mean, from the products of the rows.
void centre_products(std::vector<double>& matrix, int64_t size) {
  std::vector<double> means(size);
  for (int64_t i = 0; i < size; ++i)
    means[i] = std::accumulate(&matrix[i * size], &matrix[i * size] + size, 0.0) / static_cast<double>(size);
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) matrix[i * size + j] -= means[i] + means[j] - mean;
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
      complement_(gram_size(levels - 2) + 1),
      directions_(kMost),
      products_(gram_size(levels - 2) * gram_size(levels - 2)),
      weights_(kMost * levels),
      rests_(kUsed * levels),
      lengths_(kUsed) {
  for (int64_t n = levels - 2; n < complement_.rows(); ++n) std::fill_n(complement_.row(n), Tile::kStride, 0.0);
}

void ComplementMeasure::set_complement(const Tile& states, const std::vector<double>& along) {
  complement_.shape_like(states);
  set_rests(states, along.data(), complement_);
}

void ComplementMeasure::add(const Tile& states, const ChordMeasure& chord) {
  set_complement(states, chord.first_along);
  add_gram_products(complement_, gram_size(levels_ - 2), products_);
}

std::vector<double> ComplementMeasure::product_matrix(const ChordMeasure& chord) const {
  // The products are those of w + more c, c off w: what the first columns left of the chord has rank one.
  std::vector<double> more(levels_), matrix(levels_ * levels_);
  for (int64_t n = 0; n < levels_; ++n) more[n] = (chord.along[n] - chord.first_along[n]) * chord.length;
  const int64_t stride = gram_size(levels_ - 2);
  for (int64_t i = 1; i + 1 < levels_; ++i) {
    for (int64_t j = 1; j <= i; ++j) {
      matrix[i * levels_ + j] = matrix[j * levels_ + i] = products_[(i - 1) * stride + j - 1] - more[i] * more[j];
    }
  }
  if (centred_) centre_products(matrix, levels_);
  return matrix;
}

void ComplementMeasure::settle(const ChordMeasure& chord) {
  const std::vector<double> matrix = product_matrix(chord);
  double total = 0;
  for (int64_t i = 0; i < levels_; ++i) total += matrix[i * levels_ + i];
  const double rounding = kRounding * *std::ranges::max_element(chord.norm);
  if (centred_) std::fill_n(weights_.begin(), levels_, 1 / static_cast<double>(levels_));
  if (!(total > static_cast<double>(levels_) * rounding * rounding)) return;
  const LeadingEigen leading = leading_eigen(matrix, levels_, kMost);
  const size_t used = std::min(leading.vectors.size(), static_cast<size_t>(kUsed * levels_));
  std::copy_n(leading.vectors.begin(), used, weights_.begin() + levels_);
  double sum = 0;
  for (size_t k = 0; k < kMost; ++k) {
    const double value = k < leading.values.size() ? leading.values[k] : 0;
    eigenvalues[k] = value / static_cast<double>(levels_ - 1);
    explained[k] = std::min(1.0, (sum += value) / total);
  }
}

void ComplementMeasure::add_errors(const Tile& states, const ChordMeasure& chord) {
  set_complement(states, chord.along);
  directions_.shape_like(states);
  set_directions(complement_, levels_, weights_.data(), directions_, lengths_.data());
  add_error_sums(complement_, levels_, weights_.data(), directions_, rests_.data());
}

void ComplementMeasure::finish(const ChordMeasure& chord) {
  const double first = std::sqrt(lengths_[0].total()), second = std::sqrt(lengths_[1].total());
  const double *v_1 = &weights_[levels_], *v_2 = &weights_[2 * levels_];
  for (int64_t n = 0; n < levels_; ++n) {
    errors[n] = chord.deviation[n];
    for (int64_t k = 0; k < kUsed; ++k) errors[(k + 1) * levels_ + n] = std::sqrt(rests_[kUsed * n + k].total());
    // w_0 = 0: its coordinates are those of the mean, less which v says w_n's.
    across_1[n] = first * (v_1[n] - v_1[0]);
    across_2[n] = second * (v_2[n] - v_2[0]);
  }
}

}  // namespace farfield
