#pragma once

#include <cstdint>
#include <optional>

namespace farfield {

enum class ImageFormat { kPng, kJpeg, kBmp, kWebp, kTiff, kPnm, kJp2 };
constexpr const char* kImageFormats = "PNG, JPEG, BMP, WebP, TIFF, PNM and JP2";

struct ImageHeader {
  ImageFormat format = ImageFormat::kPng;
  int64_t width = 0, height = 0;
  bool grey = false;  // one channel, with or without alpha
  // Grey PNGs: the decoded value (8 or 16 bits) that their tRNS chunk makes transparent. Decoders do not tell.
  std::optional<uint16_t> transparent_grey;
};

constexpr int64_t kMostPixels = int64_t{1} << 26;

}  // namespace farfield
