#include "analysis/geometry/angle_measure.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace farfield {
namespace {

// How z and D make e and the slope g = dz/dsigma at one level.
struct EndFactors {
  double unscale, of_rest, of_state;
};
EndFactors end_factors(const PathScales& scales, int64_t n) {
  return {1 / scales.state[n], scales.slope_of_rest[n], scales.slope_of_state[n]};
}

// Row n: |e|^2, |g|^2, |z - end - part_n g|^2, <z - end - part_n g, g>.
FARFIELD_EVERY_WIDTH
void add_end_sums(const Tile& states, const Tile& denoised, const PathScales& scales, const double* part,
                  LaneSum* sums) {
  const double* end = states.row(states.rows() - 1);
  for (int64_t n = 0; n < denoised.rows(); ++n) {
    const double *state = states.row(n), *d = denoised.row(n);
    const EndFactors factors = end_factors(scales, n);
    const double along = part[n];
    sum_columns<4>(states.width(), sums + 4 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(state + at), e = factors.unscale * z - load(d + at);
      const ColumnLanes slope = factors.of_rest * e + factors.of_state * z;
      const ColumnLanes rest = z - load(end + at) - along * slope;
      s[0] += e * e;
      s[1] += slope * slope;
      s[2] += rest * rest;
      s[3] += rest * slope;
    });
  }
}

// Row n with s_n = z_{n+1} - z_n, and s_{-1} = 0: |s_n|^2, |s_n - part_n s_{n-1}|^2, <s_n - part_n s_{n-1}, s_{n-1}>.
FARFIELD_EVERY_WIDTH
void add_turn_sums(const Tile& states, const double* part, LaneSum* sums) {
  for (int64_t n = 0; n + 1 < states.rows(); ++n) {
    const double *before = states.row(n > 0 ? n - 1 : 0), *here = states.row(n), *after = states.row(n + 1);
    const double along = part[n];
    sum_columns<3>(states.width(), sums + 3 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(here + at), step = load(after + at) - z, last = z - load(before + at);
      const ColumnLanes rest = step - along * last;
      s[0] += step * step;
      s[1] += rest * rest;
      s[2] += rest * last;
    });
  }
}

// Of a and b, where `on` is a's projection on b, |b|^2 = b_b.
VectorAngle angle_of(const Projection& on, double b_b) {
  const double across = std::sqrt(on.square), along = on.part * std::sqrt(b_b);
  return {along / std::hypot(across, along), std::atan2(across, along) * 180 / std::numbers::pi};
}

}  // namespace

AngleMeasure::AngleMeasure(const PathScales& scales)
    : norm_eps(scales.levels.size() - 1),
      step_length(norm_eps.size()),
      to_end(norm_eps.size()),
      step(norm_eps.size()),
      scales_(scales),
      steps_(static_cast<int64_t>(norm_eps.size())),
      ends_(4 * steps_),
      turns_(3 * steps_),
      end_part_(steps_),
      turn_part_(steps_) {}

void AngleMeasure::begin(const Tile& states, const Tile& denoised) {
  std::vector<LaneSum> ends(ends_.size()), turns(turns_.size());
  add_end_sums(states, denoised, scales_, end_part_.data(), ends.data());
  add_turn_sums(states, turn_part_.data(), turns.data());
  for (int64_t n = 0; n < steps_; ++n) {
    if (const double square = ends[4 * n + 1].total(); square > 0) end_part_[n] = ends[4 * n + 3].total() / square;
    const double square = n > 0 ? turns[3 * (n - 1)].total() : 0;
    if (square > 0) turn_part_[n] = turns[3 * n + 2].total() / square;
  }
}

void AngleMeasure::add(const Tile& states, const Tile& denoised) {
  add_end_sums(states, denoised, scales_, end_part_.data(), ends_.data());
  add_turn_sums(states, turn_part_.data(), turns_.data());
}

void AngleMeasure::finish(const ChordMeasure& states, const ChordMeasure& denoised) {
  bool moved = false;
  for (int64_t n = 0; n < steps_; ++n) {
    const EndFactors factors = end_factors(scales_, n);
    const double norm = states.norm[n], size = factors.unscale * norm + denoised.norm[n];
    norm_eps[n] = std::sqrt(ends_[4 * n].total()) / scales_.levels[n];
    const double slope = ends_[4 * n + 1].total();
    const bool slopes = std::sqrt(slope) > kRounding * (factors.of_rest * size + std::fabs(factors.of_state) * norm);
    if (slopes && states.distance[n] > kRounding * std::max(norm, states.norm.back())) {
      to_end[n] = angle_of(corrected(end_part_[n], ends_[4 * n + 2].total(), ends_[4 * n + 3].total(), slope), slope);
    }
    step_length[n] = std::sqrt(turns_[3 * n].total());
    const bool moves = step_length[n] > kRounding * std::max(norm, states.norm[n + 1]);
    if (moves && moved) {
      const double before = turns_[3 * (n - 1)].total();
      step[n] = angle_of(corrected(turn_part_[n], turns_[3 * n + 1].total(), turns_[3 * n + 2].total(), before),
                         before);
    }
    moved = moves;
  }
}

}  // namespace farfield
