#include "train/require.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

void require_option(bool holds, std::string_view field, double value, std::string_view constraint) {
  if (!holds) throw usage_error(fmt::format("{} is {}; expected {}", field, format_double(value), constraint));
}

}  // namespace farfield
