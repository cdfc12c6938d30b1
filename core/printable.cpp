#include "core/printable.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace farfield {
namespace {

struct CodeRange {
  uint32_t first, last;
};
// Unicode 15: general categories Zs, Zl, Zp, Cc, Cf and the letters and selectors that are drawn as nothing.
constexpr CodeRange kUnseen[] = {
    {0x00, 0x1F},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x600, 0x605},     {0x61C, 0x61C},
    {0x6DD, 0x6DD},   {0x70F, 0x70F},   {0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5},   {0x180B, 0x180F},
    {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000},   {0x3164, 0x3164},
    {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

std::string hexadecimal(const char* format, uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string escaped(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return code < 0x80 ? hexadecimal("\\x%02x", code) : hexadecimal("<U+%04X>", code);
  }
}

std::vector<std::string_view> split_lines(std::string_view message) {
  std::vector<std::string_view> lines;
  for (size_t end = 0; end != std::string_view::npos;) {
    end = message.find(kNextLine);
    lines.push_back(message.substr(0, end));
    if (end != std::string_view::npos) message.remove_prefix(end + kNextLine.size());
  }
  return lines;
}

// At most `most` bytes of printable(text), whole characters, with "..." for the rest.
std::string cut(std::string_view text, size_t most) {
  std::string shown = printable(text.substr(0, most));
  if (shown.size() <= most && text.size() <= most) return shown;
  return std::string(whole_characters(shown, most - 3)) + "...";
}

}  // namespace

Utf8Character utf8_character(std::string_view text) {
  constexpr Utf8Character kNone = {0, 0};
  if (text.empty()) return kNone;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t size = lead < 0x80                   ? 1
                      : lead >= 0xC2 && lead < 0xE0 ? 2
                      : lead >= 0xE0 && lead < 0xF0 ? 3
                      : lead >= 0xF0 && lead < 0xF5 ? 4
                                                    : 0;
  if (size == 0 || size > text.size()) return kNone;
  constexpr std::array<uint32_t, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07}, kLeast = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t code = lead & kLeadBits[size];
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kNone;
    code = code << 6 | (byte(i) & 0x3F);
  }
  if (code < kLeast[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kNone;
  return {size, code};
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = utf8_character(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_utf8(std::string& text, uint32_t code) {
  constexpr uint32_t kAscii = 0x80, kTwo = 0x800, kThree = 0x10000;
  const auto add = [&](uint32_t lead, int shift) { text += static_cast<char>(lead | code >> shift); };
  const auto follow = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < kAscii) return add(0, 0);
  if (code < kTwo) {
    add(0xC0, 6);
  } else if (code < kThree) {
    add(0xE0, 12);
    follow(6);
  } else {
    add(0xF0, 18);
    follow(12);
    follow(6);
  }
  follow(0);
}

std::string_view whole_characters(std::string_view text, size_t most) {
  size_t end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool is_unseen(uint32_t code) {
  if (code > ' ' && code < 0x7F) return false;
  return std::any_of(std::begin(kUnseen), std::end(kUnseen),
                     [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character character = utf8_character(text);
    if (character.size == 0) {
      shown += hexadecimal("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (is_unseen(character.code)) {
      shown += escaped(character.code);
    } else {
      shown += text.substr(0, character.size);
    }
    text.remove_prefix(std::max<size_t>(character.size, 1));
  }
  return shown;
}

std::vector<std::string> message_lines(std::string_view message) {
  constexpr size_t kMostLines = 20, kMostBytes = 3800, kMostBytesOfLine = 1000;
  const std::vector<std::string_view> lines = split_lines(message);
  std::vector<std::string> shown;
  size_t left = kMostBytes;
  for (const auto& line : lines) {
    const size_t room = lines.size() == 1 ? kMostBytes : std::min(left, kMostBytesOfLine);
    if (shown.size() == kMostLines || room < 4) break;
    shown.push_back(cut(line, room));
    left -= shown.back().size();
  }
  if (shown.size() < lines.size()) shown.push_back("... and " + std::to_string(lines.size() - shown.size()) + " more");
  return shown;
}

}  // namespace farfield
