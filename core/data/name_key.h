#pragma once

#include <string>
#include <string_view>

namespace farfield {

// A text that is the same for all ways to write one path: '\' or '/', with "./" or without, and letters with accents in
// one code point (NFC) or two (NFD, as macOS names files): Latin, Cyrillic, Vietnamese, kana and Hangul.
std::string name_key(std::string_view path);

}  // namespace farfield
