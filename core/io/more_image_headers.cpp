#include "core/io/more_image_headers.h"

#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/image_bytes.h"
#include "core/io/tiff_directory.h"

namespace farfield {
namespace {

using std::string_view_literals::operator""sv;

// The numbers of a PNM's header, separated by white space and comments.
class PnmHeader {
 public:
  PnmHeader(std::string_view bytes, std::string_view name) : bytes_(bytes, name), name_(name) {}

  int64_t next() {
    for (;;) {
      const int c = bytes_.at(place_);
      if (c == '#') {
        while (bytes_.at(place_) != '\n') ++place_;
      } else if (std::isspace(c) == 0) {
        break;
      }
      ++place_;
    }
    int64_t value = 0;
    for (; std::isdigit(bytes_.at(place_)) != 0; ++place_) {
      value = value * 10 + (bytes_.at(place_) - '0');
      if (value > kMostPixels) throw bad_file(name_, "PNM: a number of the header is too large");
    }
    if (std::isspace(bytes_.at(place_)) == 0) throw bad_file(name_, "PNM: the header is damaged");
    return value;
  }
  size_t data_begin() const { return place_ + 1; }

 private:
  ImageBytes bytes_;
  std::string_view name_;
  size_t place_ = 2;
};

// Every strip or tile lies within the file: libtiff fills in what is cut off.
void check_tiff_data(const TiffDirectory& directory, std::string_view bytes, std::string_view name) {
  constexpr uint16_t kStripOffsets = 273, kStripBytes = 279, kTileOffsets = 324, kTileBytes = 325;
  const bool tiled = directory.has(kTileOffsets);
  const auto offsets = directory.numbers(tiled ? kTileOffsets : kStripOffsets);
  const auto sizes = directory.numbers(tiled ? kTileBytes : kStripBytes);
  if (offsets.empty() || offsets.size() != sizes.size())
    throw bad_file(name, "TIFF: it does not say where its pixels are");
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (uint64_t{offsets[i]} + sizes[i] > bytes.size()) throw bad_file(name, "TIFF: the image is cut off");
  }
}

// Where the content of the first JP2 box of a kind begins.
size_t find_box(const ImageBytes& bytes, uint32_t kind, std::string_view name) {
  constexpr size_t kBoxHead = 8;  // length and kind
  for (size_t place = 0;;) {
    const size_t length = bytes.big(place, 4);
    if (bytes.big(place + 4, 4) == kind) return place + kBoxHead;
    if (length < kBoxHead) throw bad_file(name, "JP2: a box is missing");
    place += length;
  }
}

}  // namespace

bool is_webp(std::string_view bytes) { return bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP"); }

bool is_tiff(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 4);  // version 42 or, as BigTIFF, 43
  return start == "II*\0"sv || start == "MM\0*"sv || start == "II+\0"sv || start == "MM\0+"sv;
}

bool is_pnm(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (std::isspace(static_cast<unsigned char>(bytes[2])) != 0 || bytes[2] == '#');
}

bool is_jp2(std::string_view bytes) { return bytes.starts_with("\0\0\0\x0CjP  \r\n\x87\n"sv); }

ImageHeader webp_header(std::string_view text, std::string_view name) {
  const ImageBytes bytes(text, name);
  constexpr uint32_t kAnimated = 2, kSide14 = 0x3FFF, kStartCode = 0x9D012A;
  constexpr uint8_t kLosslessMark = 0x2F;
  if (uint64_t{bytes.little(4, 4)} + 8 > text.size()) throw bad_file(name, "WebP: the image is cut off");
  const std::string_view kind = text.substr(12, 4);
  ImageHeader header{ImageFormat::kWebp, 0, 0, false, {}};
  if (kind == "VP8 " && bytes.big(23, 3) == kStartCode) {
    header.width = bytes.little(26, 2) & kSide14;
    header.height = bytes.little(28, 2) & kSide14;
  } else if (kind == "VP8L" && bytes.at(20) == kLosslessMark) {
    const uint32_t sides = bytes.little(21, 4);
    header.width = (sides & kSide14) + 1;
    header.height = (sides >> 14 & kSide14) + 1;
  } else if (kind == "VP8X") {
    if ((bytes.at(20) & kAnimated) != 0) throw bad_file(name, "an animated WebP: save its pictures as single files");
    header.width = int64_t{bytes.little(24, 3)} + 1;
    header.height = int64_t{bytes.little(27, 3)} + 1;
  } else {
    throw bad_file(name, "WebP: the header is damaged");
  }
  return header;
}

ImageHeader tiff_header(std::string_view bytes, std::string_view name) {
  constexpr uint16_t kWidth = 256, kHeight = 257, kBits = 258, kColours = 262, kSamples = 277, kPalette = 320;
  constexpr uint32_t kFirstTurned = 5, kLastTurned = 8;
  enum : uint32_t { kWhiteIsZero, kBlackIsZero, kRgb, kPaletteColours, kMask, kCmyk, kYCbCr };
  const TiffDirectory directory(bytes, name);
  check_tiff_data(directory, bytes, name);
  const uint32_t colours = directory.number(kColours, kBlackIsZero), samples = directory.number(kSamples, 1);
  const bool inverted = colours == kWhiteIsZero && directory.number(kBits, 1) > 8;
  const bool without_palette = colours == kPaletteColours && !directory.has(kPalette);
  if (colours > kYCbCr || colours == kMask || colours == kCmyk || inverted || without_palette) {
    throw bad_file(name, colours == kCmyk
                             ? "TIFF in CMYK: convert it to RGB or grey"
                             : fmt::format("TIFF with colours of kind {}: convert it to RGB or grey", colours));
  }
  if (samples != 1 && samples != 3 && samples != 4) {
    throw bad_file(name, fmt::format("TIFF with {} channels; expected 1, 3, or 4 with opaque alpha", samples));
  }
  const bool grey = colours <= kBlackIsZero;
  ImageHeader header{ImageFormat::kTiff, directory.number(kWidth, 0), directory.number(kHeight, 0), grey, {}};
  const uint32_t orientation = directory.number(kTiffOrientation, 1);
  if (orientation >= kFirstTurned && orientation <= kLastTurned) std::swap(header.width, header.height);
  return header;
}

ImageHeader pnm_header(std::string_view text, std::string_view name) {
  const char kind = text[1];
  const bool bits = kind == '1' || kind == '4', binary = kind >= '4';
  PnmHeader numbers(text, name);
  ImageHeader header{ImageFormat::kPnm, 0, 0, kind != '3' && kind != '6', {}};
  header.width = numbers.next();
  header.height = numbers.next();
  const int64_t highest = bits ? 1 : numbers.next();
  if (!bits && highest != 255 && highest != 65535) {
    throw bad_file(name, fmt::format("PNM: the highest value is {}, expected 255 or 65535", highest));
  }
  const int64_t row = bits ? (header.width + 7) / 8 : header.width * (header.grey ? 1 : 3) * (highest > 255 ? 2 : 1);
  const bool allowed = header.width > 0 && header.height <= kMostPixels / header.width;
  if (binary && allowed && static_cast<uint64_t>(row * header.height) > text.size() - numbers.data_begin()) {
    throw bad_file(name, "PNM: the image is cut off");
  }
  return header;
}

ImageHeader jp2_header(std::string_view text, std::string_view name) {
  constexpr uint32_t kHeaderBox = 0x6A703268, kImageBox = 0x69686472, kCodeBox = 0x6A703263;  // jp2h, ihdr, jp2c
  constexpr uint32_t kCodeStart = 0xFF4FFF51, kBits8 = 7, kBits16 = 15;  // bits a channel, less one
  const ImageBytes bytes(text, name);
  const size_t header = find_box(bytes, kHeaderBox, name), code = find_box(bytes, kCodeBox, name);
  if (bytes.big(header + 4, 4) != kImageBox) throw bad_file(name, "JP2: no image header");
  const uint32_t height = bytes.big(header + 8, 4), width = bytes.big(header + 12, 4);
  const uint32_t channels = bytes.big(header + 16, 2), bits = bytes.at(header + 18);
  // The decoder goes by the sizes in the code: they must be those in the header, which are bounded.
  const uint32_t columns = bytes.big(code + 8, 4) - bytes.big(code + 16, 4);
  const uint32_t rows = bytes.big(code + 12, 4) - bytes.big(code + 20, 4);
  if (bytes.big(code, 4) != kCodeStart || columns != width || rows != height) {
    throw bad_file(name, "JP2: the header and the code differ, the image is damaged");
  }
  if ((channels != 1 && channels != 3 && channels != 4) || (bits != kBits8 && bits != kBits16)) {
    throw bad_file(name,
                   fmt::format("JP2 with {} channels of {} bits; expected 1, 3, or 4 with opaque alpha, of 8 or 16 "
                               "bits",
                               channels, bits + 1));
  }
  return {ImageFormat::kJp2, width, height, channels == 1, {}};
}

}  // namespace farfield
