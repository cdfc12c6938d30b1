#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace farfield {

// JSON as this program reads and writes it. Nothing else parses or dumps any (tests/layering).

// Strict: bad_file(`where`) with line and column for what is no JSON or not UTF-8, for a key that stands twice in one object, and for
// lists and objects nested deeper than 64.
nlohmann::ordered_json parse_json(std::string_view text, std::string_view where);
// The same for text that may be anything: null where parse_json refuses it.
nlohmann::ordered_json json_or_null(std::string_view text);

// Never fails: bytes in texts and keys that are not UTF-8 become "\\xNN", as in printable(); every control character and every
// invisible one up to U+FFFF is an escape. Infinity and NaN become null. `indent` < 0: one line.
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);
std::string dump_json(const nlohmann::json& value, int indent = -1);

}  // namespace farfield
