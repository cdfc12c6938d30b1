#pragma once

#include <vector>

#include "analysis/paths/path_space.h"

namespace farfield {

// What a space makes of a path in the variance-exploding form, for every level sigma_n. z = alpha x is the state in the
// space, D stays as it is, e = x - D.
struct PathScales {
  PathScales(const std::vector<double>& levels, PathSpace space);

  PathSpace space;
  std::vector<double> levels;
  std::vector<double> state;                          // alpha_n; 1 in kVe
  std::vector<double> slope_of_rest, slope_of_state;  // dz/dsigma = slope_of_rest e + slope_of_state z; levels above 0
};

}  // namespace farfield
