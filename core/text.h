#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// The candidate nearest to `name` by edit distance (transpositions count one), or "" when none is near
// (distance above max(2, length / 3)).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// "unknown WHAT 'NAME'; did you mean 'X'? known: A, B, C": the one wording for every unknown name.
std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string>& known);

// 'TEXT' for a message: names from files, printable (core/printable.h), cut to 80 bytes.
std::string quote(std::string_view text);

std::vector<std::string> split(std::string_view text, char separator);  // "a,b" -> {"a","b"}; "" -> {}
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string join(std::span<const int64_t> numbers, std::string_view separator);  // sizes of a shape: "3,32,32"

// Whole-string conversions, independent of the locale; usage_error naming `what` otherwise. "inf" is accepted
// by parse_double, NaN is not.
double parse_double(std::string_view text, std::string_view what);
int64_t parse_int(std::string_view text, std::string_view what);

// EDM's seed lists: "0-63", "1,2,5-10". At most 10 million seeds; each in [0, 2^63).
std::vector<int64_t> parse_seeds(std::string_view text);

// The shortest text that reads back as the same double; "inf", "-inf", "nan" otherwise. Same in every locale.
std::string format_double(double value);

}  // namespace farfield
