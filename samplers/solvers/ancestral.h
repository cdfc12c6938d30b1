#pragma once

#include <algorithm>
#include <cmath>

namespace farfield {

// An ancestral step from noise level `from` to `to`: deterministically down to `down`, then fresh noise of standard
// deviation `up`, with down^2 + up^2 = to^2. eta = 0: no noise; 1: that of the reverse process.
struct AncestralSplit {
  double down, up;
};

inline AncestralSplit ancestral_split(double from, double to, double eta) {
  const double up = std::min(to, eta * std::sqrt(to * to * (from * from - to * to) / (from * from)));
  return {std::sqrt(to * to - up * up), up};
}

}  // namespace farfield
