#include "analysis/geometry/curvature_measure.h"

#include <algorithm>
#include <cmath>

namespace farfield {
namespace {

constexpr double kAlong = 1e-12;  // |r''_perp| / |r''| below which r'' is along r': the root of G2's 1e-24
constexpr int kSlopeSums = 7;

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

// Row n, with bend = r'' - parts[0] r' and twist = r''' - parts[1] r' - parts[2] bend: |r'|^2, |r''|^2, |bend|^2,
// <bend, r'>, |twist|^2, <twist, r'>, <twist, bend>.
FARFIELD_EVERY_WIDTH
void add_slope_sums(const Tile& states, const Tile& denoised, const Tile& seconds,
                    const std::vector<ThreePointRule>& rules, const std::vector<double>& levels,
                    const std::array<double, 3>* all_parts, LaneSum* sums) {
  for (int64_t n = 0; n < denoised.rows(); ++n) {
    const ThreePointRule rule = rules[n];
    const std::array<double, 3> parts = all_parts[n];
    const double *x = states.row(n), *d = denoised.row(n), *r2 = seconds.row(n);
    const double *a = seconds.row(rule.first), *b = seconds.row(rule.first + 1), *c = seconds.row(rule.first + 2);
    const double per_sigma = 1 / levels[n];
    sum_columns<kSlopeSums>(denoised.width(), sums + kSlopeSums * n,
                            [&](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes first = per_sigma * (load(x + at) - load(d + at)), second = load(r2 + at);
      const ColumnLanes third = rule.weights[0] * load(a + at) + rule.weights[1] * load(b + at) +
                                rule.weights[2] * load(c + at);
      const ColumnLanes bend = second - parts[0] * first, twist = third - parts[1] * first - parts[2] * bend;
      s[0] += first * first;
      s[1] += second * second;
      s[2] += bend * bend;
      s[3] += bend * first;
      s[4] += twist * twist;
      s[5] += twist * first;
      s[6] += twist * bend;
    });
  }
}

// The sums of one row, and what follows from them.
struct SlopeSums {
  double first_first, second_second, bend_bend, bend_first, twist_twist, twist_first, twist_bend;

  explicit SlopeSums(const LaneSum* sums)
      : first_first(sums[0].total()),
        second_second(sums[1].total()),
        bend_bend(sums[2].total()),
        bend_first(sums[3].total()),
        twist_twist(sums[4].total()),
        twist_first(sums[5].total()),
        twist_bend(sums[6].total()) {}

  // r'' off r'.
  Projection bend(double part) const { return corrected(part, bend_bend, bend_first, first_first); }
  // |r'''_perp|^2.
  double twist_square(double square_of_bend) const {
    const double more = first_first > 0 ? bend_first / first_first : 0;
    const double off_first = corrected(0, twist_twist, twist_first, first_first).square;
    return corrected(0, off_first, twist_bend - more * twist_first, square_of_bend).square;
  }
};

}  // namespace

CurvatureMeasure::CurvatureMeasure(const std::vector<double>& levels)
    : curvature(levels.size() - 1, kNoValue),
      torsion(levels.size() - 1, kNoValue),
      levels_(levels.begin(), levels.end() - 1) {
  if (levels_.size() < 3) return;
  rules_ = three_point_rules(levels_);
  second_ = Tile(static_cast<int64_t>(levels_.size()));
  parts_.resize(levels_.size());
  sums_.resize(kSlopeSums * levels_.size());
}

void CurvatureMeasure::add_to(std::vector<LaneSum>& sums, const Tile& states, const Tile& denoised) {
  second_.shape_like(denoised);
  set_second_slopes(denoised, rules_, levels_, second_);
  add_slope_sums(states, denoised, second_, rules_, levels_, parts_.data(), sums.data());
}

void CurvatureMeasure::begin(const Tile& states, const Tile& denoised) {
  // Against r' first, then what is left of r''' against what is left of r''.
  for (const bool off_first : {false, true}) {
    std::vector<LaneSum> all(sums_.size());
    if (!rules_.empty()) add_to(all, states, denoised);
    for (size_t n = 0; n < rules_.size(); ++n) {
      const SlopeSums sums(&all[kSlopeSums * n]);
      if (off_first) {
        if (sums.bend_bend > 0) parts_[n][2] = sums.twist_bend / sums.bend_bend;
      } else if (sums.first_first > 0) {
        parts_[n] = {sums.bend_first / sums.first_first, sums.twist_first / sums.first_first, 0};
      }
    }
  }
}

void CurvatureMeasure::add(const Tile& states, const Tile& denoised) {
  if (!rules_.empty()) add_to(sums_, states, denoised);
}

void CurvatureMeasure::finish(const ChordMeasure& states, const ChordMeasure& denoised) {
  if (rules_.empty()) return;
  std::vector<double> turning(rules_.size());  // curvature |r'|
  for (size_t n = 0; n < rules_.size(); ++n) {
    const SlopeSums sums(&sums_[kSlopeSums * n]);
    const double speed = std::sqrt(sums.first_first);
    if (!(levels_[n] * speed > kRounding * (states.norm[n] + denoised.norm[n]))) continue;
    const Projection bend = sums.bend(parts_[n][0]);
    turning[n] = std::sqrt(bend.square) / speed;
    curvature[n] = turning[n] / speed;
    double size = 0;  // of what r'' is a difference of
    for (int64_t j = 0; j < 3; ++j) size += std::fabs(rules_[n].weights[j]) * denoised.norm[rules_[n].first + j];
    const double least = std::max(kAlong * std::sqrt(sums.second_second), kRounding * size / levels_[n]);
    if (std::sqrt(bend.square) > least)
      torsion[n] = std::sqrt(sums.twist_square(bend.square) / sums.first_first / bend.square);
  }
  total_turning = 0;
  for (size_t n = 0; n + 1 < rules_.size(); ++n)
    total_turning += (levels_[n] - levels_[n + 1]) * (turning[n] + turning[n + 1]) / 2;
}

}  // namespace farfield
