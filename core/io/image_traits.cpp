#include "core/io/image_traits.h"

#include <algorithm>

#include "core/error.h"
#include "core/io/image_bytes.h"
#include "core/io/more_image_headers.h"
#include "core/io/tiff_directory.h"

namespace farfield {
namespace {

constexpr std::string_view kExifMark("Exif\0\0", 6);

int orientation_of(std::string_view exif) {
  if (exif.starts_with(kExifMark)) exif.remove_prefix(kExifMark.size());
  const uint32_t value = TiffDirectory(exif, "Exif").number(kTiffOrientation, 1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

// Segments up to the pixels.
ImageTraits jpeg_traits(std::string_view text) {
  const ImageBytes bytes(text, "JPEG");
  for (size_t place = 2;;) {
    while (bytes.at(place + 1) == 0xFF) ++place;  // fill bytes
    const uint8_t marker = bytes.at(place + 1);
    if (marker == 0xDA || marker == 0xD9) return {};
    const size_t length = bytes.big(place + 2, 2);
    const std::string_view body = text.substr(place + 4, std::max<size_t>(length, 2) - 2);
    if (marker == 0xE1 && body.starts_with(kExifMark)) return {orientation_of(body), false};
    place += 2 + length;
  }
}

ImageTraits png_traits(std::string_view text) {
  const ImageBytes bytes(text, "PNG");
  ImageTraits traits;
  for (size_t place = 8;;) {
    const size_t length = bytes.big(place, 4);
    const std::string_view kind = text.substr(place + 4, 4);
    if (kind == "acTL") traits.several_pictures = bytes.big(place + 8, 4) > 1;
    if (kind == "eXIf") traits.orientation = orientation_of(text.substr(place + 8, length));
    if (kind == "IEND") return traits;
    place += length + 12;
  }
}

ImageTraits webp_traits(std::string_view text) {
  const ImageBytes bytes(text, "WebP");
  for (size_t place = 12; place + 8 <= text.size();) {
    const size_t length = bytes.little(place + 4, 4);
    if (text.substr(place, 4) == "EXIF") return {orientation_of(text.substr(place + 8, length)), false};
    place += 8 + length + length % 2;
  }
  return {};
}

}  // namespace

ImageTraits image_traits(std::string_view bytes) {
  try {
    if (bytes.starts_with("\xFF\xD8")) return jpeg_traits(bytes);
    if (bytes.starts_with("\x89PNG")) return png_traits(bytes);
    if (is_webp(bytes)) return webp_traits(bytes);
    if (is_tiff(bytes)) return {1, !TiffDirectory(bytes, "TIFF").is_last()};
  } catch (const Error&) {  // damaged beside the pixels
  }
  return {};
}

torch::Tensor turned_upright(const torch::Tensor& picture, int orientation) {
  constexpr int kRows = 1, kColumns = 2;
  const bool swapped = orientation >= 5;
  const auto image = swapped ? picture.transpose(kRows, kColumns) : picture;
  switch (orientation) {
    case 2:
    case 6:
      return image.flip({kColumns}).contiguous();
    case 3:
    case 7:
      return image.flip({kRows, kColumns}).contiguous();
    case 4:
    case 8:
      return image.flip({kRows}).contiguous();
    default:
      return image.contiguous();
  }
}

}  // namespace farfield
