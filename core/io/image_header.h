#pragma once

#include <string_view>

#include "core/io/image_format.h"

namespace farfield {

// What the first bytes of a PNG (ISO/IEC 15948), JPEG (ITU T.81), BMP, WebP (RFC 9649), TIFF 6.0, binary or plain PBM, PGM or
// PPM, or JP2 (ITU T.800) promise, read before any decoder sees them; width and height are those of the decoded picture. bad_file when
// `bytes` is none of these, has no pixels or more than kMostPixels, is a JPEG with other than 1 or 3 components (CMYK) or
// one that has no end, a PNG with a wrong checksum or no end, an animated WebP, a TIFF of CMYK or of grey with alpha, a PNM
// whose highest value is neither 255 nor 65535, or is cut off.
ImageHeader read_image_header(std::string_view bytes, std::string_view name);

}  // namespace farfield
