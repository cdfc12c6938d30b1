#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace farfield {

// The whole number from `low` to `high` that a JSON value is; std::out_of_range naming `what` otherwise. The library's own
// conversions cut fractions off and wrap what does not fit.
int64_t whole_number(const nlohmann::json& value, std::string_view what, int64_t low, int64_t high);
int64_t whole_number(const nlohmann::ordered_json& value, std::string_view what, int64_t low, int64_t high);

}  // namespace farfield
