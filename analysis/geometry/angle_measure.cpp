#include "analysis/geometry/angle_measure.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace farfield {
namespace {

// How z and D make e and the slope at one level.
struct EndFactors {
  double unscale, of_rest, of_state;
};
EndFactors end_factors(const PathScales& scales, int64_t n) {
  return {1 / scales.state[n], scales.slope_of_rest[n], scales.slope_of_state[n]};
}

// Row n: |e|^2, |g|^2, <z - end, g>, g = dz/dsigma.
FARFIELD_EVERY_WIDTH
void add_end_products(const Tile& states, const Tile& denoised, const PathScales& scales, LaneSum* sums) {
  const double* end = states.row(states.rows() - 1);
  for (int64_t n = 0; n < denoised.rows(); ++n) {
    const double *state = states.row(n), *d = denoised.row(n);
    const EndFactors factors = end_factors(scales, n);
    sum_columns<3>(states.width(), sums + 3 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(state + at), rest = factors.unscale * z - load(d + at);
      const ColumnLanes slope = factors.of_rest * rest + factors.of_state * z;
      s[0] += rest * rest;
      s[1] += slope * slope;
      s[2] += (z - load(end + at)) * slope;
    });
  }
}

// Row n: |z - end - part_n g|^2.
FARFIELD_EVERY_WIDTH
void add_end_rests(const Tile& states, const Tile& denoised, const PathScales& scales, const double* part,
                   LaneSum* sums) {
  const double* end = states.row(states.rows() - 1);
  for (int64_t n = 0; n < denoised.rows(); ++n) {
    const double *state = states.row(n), *d = denoised.row(n);
    const EndFactors factors = end_factors(scales, n);
    const double along = part[n];
    sum_columns<1>(states.width(), sums + n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(state + at);
      const ColumnLanes slope = factors.of_rest * (factors.unscale * z - load(d + at)) + factors.of_state * z;
      const ColumnLanes rest = z - load(end + at) - along * slope;
      s[0] += rest * rest;
    });
  }
}

// Row n: |s_n|^2 and <s_n, s_{n-1}>, s_n = z_{n+1} - z_n and s_{-1} = 0.
FARFIELD_EVERY_WIDTH
void add_turn_products(const Tile& states, LaneSum* sums) {
  for (int64_t n = 0; n + 1 < states.rows(); ++n) {
    const double *before = states.row(n > 0 ? n - 1 : 0), *here = states.row(n), *after = states.row(n + 1);
    sum_columns<2>(states.width(), sums + 2 * n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(here + at), step = load(after + at) - z;
      s[0] += step * step;
      s[1] += step * (z - load(before + at));
    });
  }
}

// Row n > 0: |s_n - part_n s_{n-1}|^2.
FARFIELD_EVERY_WIDTH
void add_turn_rests(const Tile& states, const double* part, LaneSum* sums) {
  for (int64_t n = 1; n + 1 < states.rows(); ++n) {
    const double *before = states.row(n - 1), *here = states.row(n), *after = states.row(n + 1);
    const double along = part[n];
    sum_columns<1>(states.width(), sums + n, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      const ColumnLanes z = load(here + at), rest = load(after + at) - z - along * (z - load(before + at));
      s[0] += rest * rest;
    });
  }
}

VectorAngle angle_of(double across, double along) {
  const double length = std::hypot(across, along);
  return {along / length, std::atan2(across, along) * 180 / std::numbers::pi};
}

}  // namespace

AngleMeasure::AngleMeasure(const PathScales& scales)
    : scales_(scales),
      steps_(static_cast<int64_t>(scales.levels.size()) - 1),
      ends_(3 * steps_),
      turns_(2 * steps_),
      end_part_(steps_),
      turn_part_(steps_),
      end_rests_(steps_),
      turn_rests_(steps_),
      end_along_(steps_, kNoValue),
      turn_along_(steps_, kNoValue) {}

void AngleMeasure::first_pass(const Tile& states, const Tile& denoised) {
  add_end_products(states, denoised, scales_, ends_.data());
  add_turn_products(states, turns_.data());
}

void AngleMeasure::settle(const ChordMeasure& states, const ChordMeasure& denoised) {
  std::vector<bool> moves(steps_);
  for (int64_t n = 0; n < steps_; ++n) {
    const EndFactors factors = end_factors(scales_, n);
    const double norm = states.norm[n], size = factors.unscale * norm + denoised.norm[n];
    norm_eps.push_back(std::sqrt(ends_[3 * n].total()) / scales_.levels[n]);
    const double square = ends_[3 * n + 1].total(), product = ends_[3 * n + 2].total();
    const bool slopes = std::sqrt(square) > kRounding * (factors.of_rest * size + std::fabs(factors.of_state) * norm);
    if (slopes && states.distance[n] > kRounding * std::max(norm, states.norm.back())) {
      end_part_[n] = product / square;
      end_along_[n] = product / std::sqrt(square);
    }
    step_length.push_back(std::sqrt(turns_[2 * n].total()));
    moves[n] = step_length[n] > kRounding * std::max(norm, states.norm[n + 1]);
    if (n > 0 && moves[n] && moves[n - 1]) {
      turn_part_[n] = turns_[2 * n + 1].total() / turns_[2 * (n - 1)].total();
      turn_along_[n] = turns_[2 * n + 1].total() / step_length[n - 1];
    }
  }
}

void AngleMeasure::second_pass(const Tile& states, const Tile& denoised) {
  add_end_rests(states, denoised, scales_, end_part_.data(), end_rests_.data());
  add_turn_rests(states, turn_part_.data(), turn_rests_.data());
}

void AngleMeasure::finish() {
  for (int64_t n = 0; n < steps_; ++n) {
    to_end.push_back(angle_of(std::sqrt(end_rests_[n].total()), end_along_[n]));
    if (n > 0) step.push_back(angle_of(std::sqrt(turn_rests_[n].total()), turn_along_[n]));
  }
}

}  // namespace farfield
