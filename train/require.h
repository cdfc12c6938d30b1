#pragma once

#include <string_view>

namespace farfield {

// usage_error "FIELD is VALUE; expected CONSTRAINT" unless `holds`: the one wording of every validate() here.
void require_option(bool holds, std::string_view field, double value, std::string_view constraint);

}  // namespace farfield
