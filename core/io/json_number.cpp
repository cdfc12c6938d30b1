#include "core/io/json_number.h"

#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/io/json.h"

namespace farfield {
namespace {

template <class Json>
int64_t checked_whole(const Json& value, std::string_view what, int64_t low, int64_t high) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const bool fits = value.is_number_unsigned() ? value.template get<uint64_t>() <= kMost : value.is_number_integer();
  const int64_t number = fits ? value.template get<int64_t>() : 0;
  if (fits && number >= low && number <= high) return number;
  throw std::out_of_range(fmt::format("{} is {}, expected a whole number from {} to {}", what,
                                      value.is_number() ? dump_json(value) : value.type_name(), low, high));
}

}  // namespace

int64_t whole_number(const nlohmann::json& value, std::string_view what, int64_t low, int64_t high) {
  return checked_whole(value, what, low, high);
}

int64_t whole_number(const nlohmann::ordered_json& value, std::string_view what, int64_t low, int64_t high) {
  return checked_whole(value, what, low, high);
}

}  // namespace farfield
