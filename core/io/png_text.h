#pragma once

#include <map>
#include <string>

namespace farfield {

// `png` with one text chunk a pair after its header: tEXt for ASCII values, iTXt for UTF-8 (ISO/IEC 15948, 11.3.4).
// Keys are 1 to 79 printable ASCII characters: a broken promise (check) otherwise. Values are made printable.
std::string with_png_text(std::string png, const std::map<std::string, std::string>& text);

}  // namespace farfield
