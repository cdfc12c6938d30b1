#include "analysis/geometry/chord_measure.h"

#include <algorithm>
#include <cmath>

namespace farfield {
namespace {

// Row n, with p from the end on and c from there to the start: |point|^2, |p|^2, |p - along_n c|^2, <p - along_n c, c>.
FARFIELD_EVERY_WIDTH
void add_chord_sums(const Tile& points, const double* along, LaneSum* sums) {
  const double *start = points.row(0), *end = points.row(points.rows() - 1);
  for (int64_t n = 0; n < points.rows(); ++n) {
    const double* p = points.row(n);
    const double part = along[n];
    sum_columns<4>(points.width(), sums + 4 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes point = load(p + at), last = load(end + at), left = point - last;
      const ColumnLanes chord = load(start + at) - last, rest = left - part * chord;
      s[0] += point * point;
      s[1] += left * left;
      s[2] += rest * rest;
      s[3] += rest * chord;
    });
  }
}

}  // namespace

ChordMeasure::ChordMeasure(int64_t rows)
    : norm(rows), distance(rows), along(rows), deviation(rows), first_along(rows), sums_(4 * rows) {}

void ChordMeasure::begin(const Tile& points) {
  std::vector<LaneSum> sums(sums_.size());
  add_chord_sums(points, first_along.data(), sums.data());
  const double square = sums[1].total();
  if (!(square > 0)) return;
  for (size_t n = 0; n < first_along.size(); ++n) first_along[n] = sums[4 * n + 3].total() / square;
}

void ChordMeasure::add(const Tile& points) { add_chord_sums(points, first_along.data(), sums_.data()); }

void ChordMeasure::finish() {
  for (size_t n = 0; n < norm.size(); ++n) {
    norm[n] = std::sqrt(sums_[4 * n].total());
    distance[n] = std::sqrt(sums_[4 * n + 1].total());
  }
  length = distance.front();
  has_direction = length > kRounding * std::max(norm.front(), norm.back());
  for (size_t n = 0; n < norm.size(); ++n) {
    const Projection on = corrected(first_along[n], sums_[4 * n + 2].total(), sums_[4 * n + 3].total(),
                                    sums_[1].total());
    along[n] = has_direction ? on.part : 0;
    deviation[n] = has_direction ? std::sqrt(on.square) : distance[n];
  }
}

}  // namespace farfield
