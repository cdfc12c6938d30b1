#include "core/data/name_key.h"

#include <algorithm>
#include <iterator>

#include "core/data/image_names.h"
#include "core/data/letter_parts.h"
#include "core/printable.h"

namespace farfield {
namespace {

// A letter in its parts; Hangul syllables by their arithmetic (Unicode, 3.12).
void append_parts(std::string& text, char32_t code) {
  constexpr char32_t kFirst = 0xAC00, kLast = 0xD7A3, kLead = 0x1100, kVowel = 0x1161, kTail = 0x11A7;
  constexpr char32_t kVowels = 21, kTails = 28;
  if (code >= kFirst && code <= kLast) {
    const char32_t place = code - kFirst;
    append_utf8(text, kLead + place / (kVowels * kTails));
    append_utf8(text, kVowel + place / kTails % kVowels);
    if (place % kTails != 0) append_utf8(text, kTail + place % kTails);
    return;
  }
  const auto* found = std::lower_bound(std::begin(kLetterParts), std::end(kLetterParts), code,
                                       [](const LetterParts& parts, char32_t wanted) { return parts.letter < wanted; });
  if (found == std::end(kLetterParts) || found->letter != code) return append_utf8(text, code);
  append_parts(text, found->base);
  append_utf8(text, found->accent);
}

}  // namespace

std::string name_key(std::string_view path) {
  std::string slashes(path), key;
  std::replace(slashes.begin(), slashes.end(), '\\', '/');
  const std::string text = plain_path(slashes);
  for (std::string_view rest = text; !rest.empty();) {
    const auto [size, code] = utf8_character(rest);
    if (size > 1) {
      append_parts(key, code);
    } else {
      key += rest[0];  // ASCII, or a byte that is no UTF-8
    }
    rest.remove_prefix(std::max<size_t>(size, 1));
  }
  return key;
}

}  // namespace farfield
