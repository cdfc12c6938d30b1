#pragma once

#include <cstdint>
#include <vector>

namespace farfield {

// One step of an integral: over its variable from `from` to `to` it grew from `before` to `after`, with these slopes at the ends.
struct GrowthStep {
  double from, to, before, after, slope_before, slope_after;
};

// How much an integral grows between given places of its variable, told step by step: inside a step it is the cubic through
// what is known of its ends.
class Growth {
 public:
  // Rising, at least two; the first step begins at the first.
  explicit Growth(std::vector<double> places);
  void add(const GrowthStep& step);
  // One number an interval; those beyond the last step are what is missing of it.
  std::vector<double> intervals(double total) const;

 private:
  std::vector<double> places_, values_;  // the integral at places_[0], ..., as far as it is known
};

}  // namespace farfield
