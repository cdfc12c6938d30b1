#include "core/io/png_text.h"

#include <algorithm>
#include <cstdint>

#include <zlib.h>

#include "core/error.h"
#include "core/printable.h"

namespace farfield {
namespace {

void put_big_endian(std::string& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
}

// Length, kind, data, CRC over kind and data.
std::string chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  std::string bytes;
  put_big_endian(bytes, static_cast<uint32_t>(data.size()));
  bytes += body;
  put_big_endian(bytes, static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size())));
  return bytes;
}

std::string text_chunk(const std::string& key, const std::string& bytes) {
  constexpr size_t kLongestKey = 79;
  check(!key.empty() && key.size() <= kLongestKey &&
            std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; }),
        "PNG text has a short printable key");
  const std::string value = printable(bytes);
  const bool ascii = std::all_of(value.begin(), value.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  if (ascii) return chunk("tEXt", key + '\0' + value);
  // not compressed, no language, no translated key
  return chunk("iTXt", key + std::string("\0\0\0\0\0", 5) + value);
}

}  // namespace

std::string with_png_text(std::string png, const std::map<std::string, std::string>& text) {
  constexpr size_t kHeaderEnd = 8 + 25;  // signature and IHDR
  std::string chunks;
  for (const auto& [key, value] : text) chunks += text_chunk(key, value);
  return png.insert(kHeaderEnd, chunks);
}

}  // namespace farfield
