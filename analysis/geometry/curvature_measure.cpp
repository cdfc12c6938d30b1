#include "analysis/geometry/curvature_measure.h"

#include <algorithm>
#include <cmath>

namespace farfield {
namespace {

constexpr double kAlong = 1e-12;  // |r''_perp| / |r''| below which r'' is along r': the root of G2's 1e-24

// Row n: r'' = -(1 / sigma) dD/dsigma.
FARFIELD_EVERY_WIDTH
void set_second_slopes(const Tile& denoised, const std::vector<ThreePointRule>& rules,
                       const std::vector<double>& levels, Tile& second) {
  for (int64_t n = 0; n < denoised.rows(); ++n) {
    const ThreePointRule rule = rules[n];
    const double *a = denoised.row(rule.first), *b = denoised.row(rule.first + 1), *c = denoised.row(rule.first + 2);
    const double per = -1 / levels[n];
    double* to = second.row(n);
    for (int64_t at = 0; at < denoised.width(); at += kLanes) {
      const ColumnLanes slope = rule.weights[0] * load(a + at) + rule.weights[1] * load(b + at) +
                                rule.weights[2] * load(c + at);
      store(to + at, per * slope);
    }
  }
}

// The rows of one level that the sums below read.
struct Slopes {
  const double *x, *d, *second, *a, *b, *c;
  double per_sigma;
  std::array<double, 3> weights;
};
Slopes slopes_at(int64_t n, const Tile& states, const Tile& denoised, const Tile& second, const ThreePointRule& rule,
                 double sigma) {
  return {states.row(n),
          denoised.row(n),
          second.row(n),
          second.row(rule.first),
          second.row(rule.first + 1),
          second.row(rule.first + 2),
          1 / sigma,
          rule.weights};
}

struct ThreeSlopes {
  ColumnLanes first, second, third;
};
FARFIELD_INLINE ThreeSlopes slopes_of(const Slopes& rows, int64_t at) {
  return {
      rows.per_sigma * (load(rows.x + at) - load(rows.d + at)), load(rows.second + at),
      rows.weights[0] * load(rows.a + at) + rows.weights[1] * load(rows.b + at) + rows.weights[2] * load(rows.c + at)};
}

// |r'|^2, <r', r''>, |r''|^2, <r', r'''>.
FARFIELD_EVERY_WIDTH
void add_slope_products(const Slopes& rows, int64_t width, LaneSum* sums) {
  sum_columns<4>(width, sums, [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
    const ThreeSlopes r = slopes_of(rows, at);
    s[0] += r.first * r.first;
    s[1] += r.first * r.second;
    s[2] += r.second * r.second;
    s[3] += r.first * r.third;
  });
}

// |r''_perp|^2 and <r''_perp, r''' without its part along r'>.
FARFIELD_EVERY_WIDTH
void add_slope_rests(const Slopes& rows, const std::array<double, 3>& parts, int64_t width, LaneSum* sums) {
  sum_columns<2>(width, sums, [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
    const ThreeSlopes r = slopes_of(rows, at);
    const ColumnLanes bend = r.second - parts[0] * r.first;
    s[0] += bend * bend;
    s[1] += bend * (r.third - parts[1] * r.first);
  });
}

// |r'''_perp|^2.
FARFIELD_EVERY_WIDTH
void add_last_rests(const Slopes& rows, const std::array<double, 3>& parts, int64_t width, LaneSum* sums) {
  sum_columns<1>(width, sums, [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
    const ThreeSlopes r = slopes_of(rows, at);
    const ColumnLanes twist = r.third - parts[1] * r.first - parts[2] * (r.second - parts[0] * r.first);
    s[0] += twist * twist;
  });
}

}  // namespace

CurvatureMeasure::CurvatureMeasure(const std::vector<double>& levels)
    : curvature(levels.size() - 1, kNoValue),
      torsion(levels.size() - 1, kNoValue),
      total_turning(kNoValue),
      levels_(levels.begin(), levels.end() - 1) {
  if (levels_.size() < 3) return;
  rules_ = three_point_rules(levels_);
  second_ = Tile(static_cast<int64_t>(levels_.size()));
  products_.resize(4 * levels_.size());
  rests_.resize(2 * levels_.size());
  last_.resize(levels_.size());
  parts_.resize(levels_.size());
}

void CurvatureMeasure::set_slopes(const Tile& denoised) {
  second_.shape_like(denoised);
  set_second_slopes(denoised, rules_, levels_, second_);
}

void CurvatureMeasure::first_pass(const Tile& states, const Tile& denoised) {
  if (rules_.empty()) return;
  set_slopes(denoised);
  for (int64_t n = 0; n < denoised.rows(); ++n)
    add_slope_products(slopes_at(n, states, denoised, second_, rules_[n], levels_[n]), denoised.width(),
                       &products_[4 * n]);
}

void CurvatureMeasure::settle(const ChordMeasure& states, const ChordMeasure& denoised) {
  for (size_t n = 0; n < rules_.size(); ++n) {
    const double square = products_[4 * n].total(), speed = std::sqrt(square);
    const bool moves = levels_[n] * speed > kRounding * (states.norm[n] + denoised.norm[n]);
    speed_.push_back(moves ? speed : 0);
    if (moves) parts_[n] = {products_[4 * n + 1].total() / square, products_[4 * n + 3].total() / square, 0};
    double size = 0;
    for (int64_t j = 0; j < 3; ++j) size += std::fabs(rules_[n].weights[j]) * denoised.norm[rules_[n].first + j];
    least_bend_.push_back(std::max(kAlong * std::sqrt(products_[4 * n + 2].total()), kRounding * size / levels_[n]));
  }
}

void CurvatureMeasure::second_pass(const Tile& states, const Tile& denoised) {
  if (rules_.empty()) return;
  set_slopes(denoised);
  for (int64_t n = 0; n < denoised.rows(); ++n)
    add_slope_rests(slopes_at(n, states, denoised, second_, rules_[n], levels_[n]), parts_[n], denoised.width(),
                    &rests_[2 * n]);
}

void CurvatureMeasure::settle_again() {
  for (size_t n = 0; n < rules_.size(); ++n) {
    const double square = rests_[2 * n].total();
    bend_.push_back(std::sqrt(square));
    if (square > 0) parts_[n][2] = rests_[2 * n + 1].total() / square;
  }
}

void CurvatureMeasure::third_pass(const Tile& states, const Tile& denoised) {
  if (rules_.empty()) return;
  set_slopes(denoised);
  for (int64_t n = 0; n < denoised.rows(); ++n)
    add_last_rests(slopes_at(n, states, denoised, second_, rules_[n], levels_[n]), parts_[n], denoised.width(),
                   &last_[n]);
}

void CurvatureMeasure::finish() {
  for (size_t n = 0; n < rules_.size(); ++n) {
    if (speed_[n] > 0) curvature[n] = bend_[n] / (speed_[n] * speed_[n]);
    if (speed_[n] > 0 && bend_[n] > least_bend_[n]) torsion[n] = std::sqrt(last_[n].total()) / (speed_[n] * bend_[n]);
  }
  if (rules_.empty()) return;
  total_turning = 0;
  for (size_t n = 0; n + 1 < rules_.size(); ++n) {
    const double here = speed_[n] > 0 ? bend_[n] / speed_[n] : 0,
                 next = speed_[n + 1] > 0 ? bend_[n + 1] / speed_[n + 1] : 0;
    total_turning += (levels_[n] - levels_[n + 1]) * (here + next) / 2;
  }
}

}  // namespace farfield
