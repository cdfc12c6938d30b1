#pragma once

#include <string>
#include <string_view>

namespace farfield {

// `name` as part of a file's name that is the same on every system and in JSON: letters, digits and '-' for all else, at most
// 60 of them.
std::string file_word(std::string_view name);

}  // namespace farfield
