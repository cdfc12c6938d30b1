#include "core/io/image_header.h"

#include <fmt/format.h>
#include <zlib.h>

#include "core/error.h"
#include "core/io/image_bytes.h"
#include "core/io/more_image_headers.h"
#include "core/io/wrong_file.h"

namespace farfield {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1A\n", 8);
constexpr std::string_view kJpegMagic("\xFF\xD8\xFF", 3);
constexpr std::string_view kBmpMagic("BM", 2);

// Walks the chunks (length, kind, data, CRC) to IEND, so that damage is found here and not reported by the decoder. Returns
// the data of the transparency chunk, if there is one.
std::optional<std::string_view> check_png_chunks(const ImageBytes& bytes, std::string_view text,
                                                 std::string_view name) {
  std::optional<std::string_view> transparency;
  size_t place = kPngMagic.size();
  for (std::string_view kind; kind != "IEND";) {
    const size_t length = bytes.big(place, 4);
    if (length > text.size() || place + length + 12 > text.size()) throw bad_file(name, "PNG: the image is cut off");
    const std::string_view body = text.substr(place + 4, 4 + length);
    if (crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()) != bytes.big(place + 8 + length, 4)) {
      throw bad_file(name, "PNG: a checksum is wrong, the image is damaged");
    }
    kind = body.substr(0, 4);
    if (place == kPngMagic.size() && (kind != "IHDR" || length != 13)) throw bad_file(name, "PNG: no header chunk");
    if (kind == "tRNS") transparency = body.substr(4);
    place += length + 12;
  }
  return transparency;
}

// The transparent value of a grey PNG (two bytes, of which the lowest `depth` bits count) as decoders give it: less than 8
// bits are stretched to 8.
std::optional<uint16_t> transparent_grey(const std::optional<std::string_view>& transparency, unsigned depth) {
  if (!transparency || transparency->size() != 2) return std::nullopt;
  const unsigned highest = (1u << depth) - 1;
  const unsigned value = ImageBytes(*transparency, "tRNS").big(0, 2) & highest;
  return static_cast<uint16_t>(depth < 8 ? value * 255 / highest : value);
}

ImageHeader png_header(const ImageBytes& bytes, std::string_view text, std::string_view name) {
  const auto transparency = check_png_chunks(bytes, text, name);
  constexpr size_t kWidth = 16, kHeight = 20, kDepth = 24, kColour = 25;  // inside IHDR, which comes first
  constexpr int kColourBit = 2;                                           // also set for palettes
  constexpr unsigned kMostBits = 16;
  const bool grey = (bytes.at(kColour) & kColourBit) == 0;
  ImageHeader header{ImageFormat::kPng, bytes.big(kWidth, 4), bytes.big(kHeight, 4), grey, {}};
  const unsigned depth = bytes.at(kDepth);
  if (bytes.at(kColour) == 0 && depth >= 1 && depth <= kMostBits) {
    header.transparent_grey = transparent_grey(transparency, depth);
  }
  return header;
}

ImageHeader bmp_header(const ImageBytes& bytes) {
  constexpr uint32_t kOldHeader = 12;  // OS/2: 16-bit sizes
  if (bytes.little(14, 4) == kOldHeader) {
    return {ImageFormat::kBmp, bytes.little(18, 2), bytes.little(20, 2), false, {}};
  }
  const int64_t height = static_cast<int32_t>(bytes.little(22, 4));  // negative: top row first
  return {ImageFormat::kBmp, static_cast<int32_t>(bytes.little(18, 4)), height < 0 ? -height : height, false, {}};
}

// Walks the segments to the frame header (SOF0 ... SOF15 without DHT, JPG and DAC).
ImageHeader jpeg_header(const ImageBytes& bytes, std::string_view text, std::string_view name) {
  size_t place = 2;
  for (;;) {
    if (bytes.at(place) != 0xFF) throw bad_file(name, "JPEG: a segment does not begin with a marker");
    while (bytes.at(place + 1) == 0xFF) ++place;  // fill bytes
    const uint8_t marker = bytes.at(place + 1);
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) break;
    if (marker == 0xDA || marker == 0xD9) throw bad_file(name, "JPEG: the frame header is missing");
    place += 2 + bytes.big(place + 2, 2);
  }
  const uint8_t components = bytes.at(place + 9);
  if (components != 1 && components != 3) {
    throw bad_file(name, fmt::format("JPEG with {} components (CMYK?): convert it to RGB or grey", components));
  }
  // Decoders fill in what a JPEG that is cut off lacks. Coded data never hold FF D9.
  if (text.find("\xFF\xD9", place) == std::string_view::npos) throw bad_file(name, "JPEG: the image is cut off");
  return {ImageFormat::kJpeg, bytes.big(place + 7, 2), bytes.big(place + 5, 2), components == 1, {}};
}

ImageHeader any_header(std::string_view text, std::string_view name) {
  const ImageBytes bytes(text, name);
  if (text.starts_with(kPngMagic)) return png_header(bytes, text, name);
  if (text.starts_with(kJpegMagic)) return jpeg_header(bytes, text, name);
  if (text.starts_with(kBmpMagic)) return bmp_header(bytes);
  if (is_webp(text)) return webp_header(text, name);
  if (is_tiff(text)) return tiff_header(text, name);
  if (is_pnm(text)) return pnm_header(text, name);
  if (is_jp2(text)) return jp2_header(text, name);
  if (text.empty()) throw bad_file(name, "the file is empty");
  const FileKind kind = content_kind(text.substr(0, 1024));
  const bool telling = kind == FileKind::kLfsPointer || kind == FileKind::kWebPage;
  const std::string reason = fmt::format("not an image of a format that is read ({})", kImageFormats);
  throw bad_file(name, telling ? reason + ": it " + *wrong_content(text, FileKind::kPng, name) : reason);
}

}  // namespace

ImageHeader read_image_header(std::string_view bytes, std::string_view name) {
  const ImageHeader header = any_header(bytes, name);
  if (header.width <= 0 || header.height <= 0 || header.width > kMostPixels / header.height) {
    throw bad_file(name, fmt::format("an image of {} x {} pixels; from 1 to {} in all are allowed", header.width,
                                     header.height, kMostPixels));
  }
  return header;
}

}  // namespace farfield
