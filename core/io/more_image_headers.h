#pragma once

#include <string_view>

#include "core/io/image_format.h"

namespace farfield {

// The formats beside PNG, JPEG and BMP, for read_image_header().
bool is_webp(std::string_view bytes);
bool is_tiff(std::string_view bytes);
bool is_pnm(std::string_view bytes);
bool is_jp2(std::string_view bytes);
ImageHeader webp_header(std::string_view bytes, std::string_view name);
ImageHeader tiff_header(std::string_view bytes, std::string_view name);
ImageHeader pnm_header(std::string_view bytes, std::string_view name);
ImageHeader jp2_header(std::string_view bytes, std::string_view name);

}  // namespace farfield
