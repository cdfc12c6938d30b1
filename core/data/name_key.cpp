#include "core/data/name_key.h"

#include <algorithm>
#include <iterator>

#include "core/data/image_names.h"
#include "core/data/letter_parts.h"

namespace farfield {
namespace {

void append_utf8(std::string& text, char32_t code) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else {
    text += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  }
}

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

// Whether `count` bytes that continue a code point follow.
bool continues(std::string_view text, size_t at, size_t count) {
  if (at + count >= text.size()) return false;
  for (size_t i = 1; i <= count; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
  }
  return true;
}

}  // namespace

std::string name_key(std::string_view path) {
  std::string slashes(path), key;
  std::replace(slashes.begin(), slashes.end(), '\\', '/');
  const std::string text = plain_path(slashes);
  const auto bits = [&](size_t at, unsigned mask) -> char32_t { return static_cast<unsigned char>(text[at]) & mask; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (bits(i, 0xE0) == 0xC0 && continues(text, i, 1)) {
      append_parts(key, bits(i, 0x1F) << 6 | bits(i + 1, 0x3F));
      i += 1;
    } else if (bits(i, 0xF0) == 0xE0 && continues(text, i, 2)) {
      append_parts(key, bits(i, 0x0F) << 12 | bits(i + 1, 0x3F) << 6 | bits(i + 2, 0x3F));
      i += 2;
    } else {
      key += text[i];
    }
  }
  return key;
}

}  // namespace farfield
