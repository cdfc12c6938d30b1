#pragma once

#include <cstdint>
#include <string_view>

namespace farfield {

enum class ImageFormat { kPng, kJpeg, kBmp };

struct ImageHeader {
  ImageFormat format = ImageFormat::kPng;
  int64_t width = 0, height = 0;
  bool grey = false;  // one channel, with or without alpha
};

constexpr int64_t kMostPixels = int64_t{1} << 26;

// What the first bytes of a PNG (ISO/IEC 15948), JPEG (ITU T.81) or BMP promise, read before any decoder sees them.
// bad_file when `bytes` is none of these, has no pixels or more than kMostPixels, is a JPEG with other than 1 or 3
// components (CMYK) or one that has no end, or a PNG with a wrong checksum or no end.
ImageHeader read_image_header(std::string_view bytes, std::string_view name);

}  // namespace farfield
