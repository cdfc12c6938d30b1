#include "analysis/paths/path_space.h"

#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

PathSpace parse_space(std::string_view text) {
  if (text == "ve") return PathSpace::kVe;
  if (text == "vp") return PathSpace::kVp;
  throw usage_error(unknown_name("space", text, {"ve", "vp"}));
}

std::string_view to_string(PathSpace space) { return space == PathSpace::kVe ? "ve" : "vp"; }

Path in_space(Path path, PathSpace space) { return space == PathSpace::kVe ? path : in_vp_space(std::move(path)); }

}  // namespace farfield
