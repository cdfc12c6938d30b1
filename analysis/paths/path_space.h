#pragma once

#include <string_view>

#include "analysis/paths/path.h"

namespace farfield {

// The coordinates in which states are measured: x as the solver carries it (variance exploding), or z = alpha x,
// alpha = 1 / sqrt(1 + sigma^2) (variance preserving).
enum class PathSpace { kVe, kVp };

PathSpace parse_space(std::string_view text);  // "ve", "vp"; usage_error
std::string_view to_string(PathSpace space);

Path in_space(Path path, PathSpace space);

}  // namespace farfield
