#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace farfield {

// The whole number from `low` to `high` that a JSON value is; std::out_of_range naming `what` otherwise. The library's own
// conversions cut fractions off and wrap what does not fit.
template <class Json>
int64_t whole_number(const Json& value, std::string_view what, int64_t low, int64_t high) {
  const bool fits = value.is_number_unsigned() ? value.template get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                                               : value.is_number_integer();
  const int64_t number = fits ? value.template get<int64_t>() : 0;
  if (fits && number >= low && number <= high) return number;
  throw std::out_of_range(fmt::format("{} is {}, expected a whole number from {} to {}", what,
                                      value.is_number() ? value.dump() : value.type_name(), low, high));
}

}  // namespace farfield
