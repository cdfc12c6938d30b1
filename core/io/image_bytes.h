#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"

namespace farfield {

// Whole numbers at places of the file; bad_file beyond its end.
class ImageBytes {
 public:
  ImageBytes(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  uint8_t at(size_t place) const {
    if (place >= bytes_.size()) throw bad_file(name_, "the image is cut off inside its header");
    return static_cast<uint8_t>(bytes_[place]);
  }
  uint32_t big(size_t place, int count) const {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | at(place + static_cast<size_t>(i));
    return value;
  }
  uint32_t little(size_t place, int count) const {
    uint32_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | at(place + static_cast<size_t>(i));
    return value;
  }

 private:
  std::string_view bytes_, name_;
};

}  // namespace farfield
