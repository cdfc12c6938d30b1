#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Images resized as Pillow's Image.resize((size, size), BICUBIC) does: separable, first along rows, then along columns, with the
// cubic kernel of a = -0.5 (Keys 1981) whose support grows with the scale where an image shrinks (antialiasing), weights that
// sum to 1, borders cut off. A side that has `size` already is left alone.
//
// Of float images [B, C, H, W] (any values): Pillow's mode F, each channel for itself; sums in float64, rounded to float32 after
// each direction. [B, C, size, size] float32.
torch::Tensor resize_bicubic(const torch::Tensor& images, int64_t size);
// Of bytes, uint8: Pillow's modes L and RGB; weights are multiples of 2^-22, sums are rounded and clipped to bytes after each
// direction. [B, C, size, size] uint8.
torch::Tensor resize_bicubic_bytes(const torch::Tensor& images, int64_t size);

}  // namespace farfield
