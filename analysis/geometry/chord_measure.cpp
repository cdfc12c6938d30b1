#include "analysis/geometry/chord_measure.h"

#include <algorithm>
#include <cmath>

namespace farfield {
namespace {

// Row n: |p|^2, |p - end|^2, <p - end, start - end>.
FARFIELD_EVERY_WIDTH
void add_chord_products(const Tile& points, LaneSum* sums) {
  const double *start = points.row(0), *end = points.row(points.rows() - 1);
  for (int64_t n = 0; n < points.rows(); ++n) {
    const double* p = points.row(n);
    sum_columns<3>(points.width(), sums + 3 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes point = load(p + at), last = load(end + at), left = point - last;
      s[0] += point * point;
      s[1] += left * left;
      s[2] += left * (load(start + at) - last);
    });
  }
}

// Row n: |p - end - along_n (start - end)|^2.
FARFIELD_EVERY_WIDTH
void add_chord_rests(const Tile& points, const double* along, LaneSum* sums) {
  const double *start = points.row(0), *end = points.row(points.rows() - 1);
  for (int64_t n = 0; n < points.rows(); ++n) {
    const double* p = points.row(n);
    const double part = along[n];
    sum_columns<1>(points.width(), sums + n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes last = load(end + at), rest = load(p + at) - last - part * (load(start + at) - last);
      s[0] += rest * rest;
    });
  }
}

}  // namespace

ChordMeasure::ChordMeasure(int64_t rows)
    : norm(rows), distance(rows), along(rows), deviation(rows), products_(3 * rows), rests_(rows) {}

void ChordMeasure::first_pass(const Tile& points) { add_chord_products(points, products_.data()); }

void ChordMeasure::settle() {
  for (size_t n = 0; n < norm.size(); ++n) {
    norm[n] = std::sqrt(products_[3 * n].total());
    distance[n] = std::sqrt(products_[3 * n + 1].total());
  }
  length = distance.front();
  has_direction = length > kRounding * std::max(norm.front(), norm.back());
  if (!has_direction) return;
  const double square = products_[2].total();
  for (size_t n = 0; n < norm.size(); ++n) along[n] = products_[3 * n + 2].total() / square;
}

void ChordMeasure::second_pass(const Tile& points) { add_chord_rests(points, along.data(), rests_.data()); }

void ChordMeasure::finish() {
  for (size_t n = 0; n < norm.size(); ++n) deviation[n] = std::sqrt(rests_[n].total());
}

}  // namespace farfield
