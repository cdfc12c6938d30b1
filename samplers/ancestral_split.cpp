#include "samplers/ancestral_split.h"

#include <algorithm>
#include <cmath>

namespace farfield {

AncestralSplit ancestral_split(Interval interval, double eta) {
  const auto [from, to] = interval;
  if (eta == 0 || to == 0) return {to, 0};
  const double up = std::min(to, eta * to * std::sqrt((from - to) * (from + to)) / from);
  return {std::sqrt((to - up) * (to + up)), up};
}

}  // namespace farfield
