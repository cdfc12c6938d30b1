#pragma once

#include <vector>

namespace farfield {

// Where trajectories are looked at: as they are (variance exploding), or scaled by alpha = 1 / sqrt(1 + sigma^2).
enum class PathSpace { kVe, kVp };

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
