#pragma once

#include <string_view>

#include <torch/types.h>

namespace farfield {

// What a picture file says besides its pixels.
struct ImageTraits {
  int orientation = 1;            // Exif's: how the stored picture is turned or mirrored, 1 (upright) to 8
  bool several_pictures = false;  // an animation or several pages, of which decode_image() gives the first
};

// Of a file that decode_image() reads. What is damaged or not there counts as upright: never throws. (TIFF's own
// orientation is applied by the decoder.)
ImageTraits image_traits(std::string_view bytes);

// The picture [C,H,W] as Exif's orientation says that it is to be shown.
torch::Tensor turned_upright(const torch::Tensor& picture, int orientation);

}  // namespace farfield
