#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// Paths and names from files are bytes that anybody chose. Inside the program they stay as they are; where they leave it (a
// terminal, a file), they go through here.

// A character at the start of some bytes. `size` 0: they begin with no UTF-8 (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF), or are empty.
struct Utf8Character {
  size_t size;
  uint32_t code;
};
Utf8Character utf8_character(std::string_view text);
bool valid_utf8(std::string_view text);
// The UTF-8 of a code point, at most U+10FFFF, behind `text`.
void append_utf8(std::string& text, uint32_t code);
// The longest begin of `text` that has at most `most` bytes and no part of a character at its end.
std::string_view whole_characters(std::string_view text, size_t most);

// Whether a character shows nothing of its own, or changes what is beside it: control characters, spaces other than the usual
// one, zero-width and direction marks, line separators.
bool is_unseen(uint32_t code);

// `text` as it may be shown, on one line: \n \t \r; \xNN for other ASCII control characters and for bytes that are not UTF-8;
// <U+FEFF> for every other character that is_unseen(). All else, backslashes included, stays.
std::string printable(std::string_view text);

// Joins the lines of a message that has several. A line end within a name is none of these.
inline constexpr std::string_view kNextLine = "\n\x1e";

// The lines of an error or a warning as they are shown: each is printable; at most 20, and 4 KB in all with a prefix of eight
// bytes each. A last line counts the others.
std::vector<std::string> message_lines(std::string_view message);

}  // namespace farfield
