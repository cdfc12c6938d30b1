#include "analysis/geometry/path_scales.h"

#include "analysis/paths/path.h"

namespace farfield {

PathScales::PathScales(const std::vector<double>& levels_of_path, PathSpace space_of_path)
    : space(space_of_path), levels(levels_of_path) {
  for (const double sigma : levels) {
    const bool vp = space == PathSpace::kVp;
    const double alpha = vp ? vp_alpha(sigma) : 1;
    state.push_back(alpha);
    slope_of_rest.push_back(sigma > 0 ? alpha / sigma : 0);
    slope_of_state.push_back(vp ? -sigma / (1 + sigma * sigma) : 0);
  }
}

}  // namespace farfield
