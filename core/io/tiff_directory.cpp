#include "core/io/tiff_directory.h"

#include "core/error.h"
#include "core/io/image_bytes.h"

namespace farfield {

TiffDirectory::TiffDirectory(std::string_view text, std::string_view name) {
  constexpr uint32_t kByte = 1, kShort = 3, kLong = 4, kVersion = 42;
  const ImageBytes bytes(text, name);
  const bool little = text.starts_with("II");
  const auto read = [&](size_t place, int count) {
    return little ? bytes.little(place, count) : bytes.big(place, count);
  };
  if (read(2, 2) != kVersion) throw bad_file(name, "TIFF: not version 42 (BigTIFF?): save it as a plain TIFF");
  size_t place = read(4, 4);
  const uint32_t entries = read(place, 2);
  place += 2;
  size_t left = text.size();  // bounds the memory that entries pointing at the same bytes take
  for (uint32_t i = 0; i < entries; ++i, place += 12) {
    const uint32_t type = read(place + 2, 2), count = read(place + 4, 4);
    const uint32_t size = type == kByte ? 1 : type == kShort ? 2 : type == kLong ? 4 : 0;
    if (size == 0) continue;
    if (count > left / size) throw bad_file(name, "TIFF: the image is cut off");
    left -= size_t{count} * size;
    const size_t begin = size_t{count} * size <= 4 ? place + 8 : read(place + 8, 4);
    std::vector<uint32_t> numbers;
    for (uint32_t k = 0; k < count; ++k) numbers.push_back(read(begin + size_t{k} * size, static_cast<int>(size)));
    values_.emplace(static_cast<uint16_t>(read(place, 2)), std::move(numbers));
  }
  is_last_ = read(place, 4) == 0;
}

uint32_t TiffDirectory::number(uint16_t tag, uint32_t fallback) const {
  const auto found = values_.find(tag);
  return found == values_.end() || found->second.empty() ? fallback : found->second.front();
}

std::vector<uint32_t> TiffDirectory::numbers(uint16_t tag) const {
  const auto found = values_.find(tag);
  return found == values_.end() ? std::vector<uint32_t>() : found->second;
}

}  // namespace farfield
