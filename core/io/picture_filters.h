#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// The image library's filters on one picture, contiguous [C,H,W] uint8 or float32; both on the calling thread.

// RGB [3,H,W] -> grey [1,H,W]: 0.299 R + 0.587 G + 0.114 B.
torch::Tensor to_grey(torch::Tensor picture);
// [C,H,W] -> [C,height,width]: bilinear where a side grows, else the mean over the area of each new pixel.
torch::Tensor resized(torch::Tensor picture, int64_t height, int64_t width);

}  // namespace farfield
