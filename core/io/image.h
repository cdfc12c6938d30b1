#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// The one mapping between model values and bytes, EDM's (NVlabs EDM, generate.py and training/dataset.py):
// byte = clip(127.5 x + 128, 0, 255) truncated, and x = byte / 127.5 - 1.
// [N,C,H,W] float in [-1,1] -> [N,H,W,C] uint8 on the CPU, computed in float64 or float32 as it comes (half precision in
// float32). numeric_error when there is a NaN.
torch::Tensor to_bytes(const torch::Tensor& images);
torch::Tensor from_bytes(const torch::Tensor& bytes);  // [N,H,W,C] uint8 -> float32 [N,C,H,W]

// What can be drawn of images with any number of channels, [N,C,H,W]: one and three channels as they are; of others the first
// eight as grey pictures side by side, [N,1,H,8 W].
torch::Tensor drawable(const torch::Tensor& images);

// PNG, JPEG or BMP -> uint8 [H,W,C], RGB (C = 3) or grey (C = 1), rotated by nothing. 16 bits are scaled to 8 and
// rounded; alpha must be opaque. bad_file naming `name` for anything else: other formats, CMYK, damage that the decoder
// notices, a JPEG that is cut off, more than 2^26 pixels (checked before decoding). Safe to call from many threads.
torch::Tensor decode_image(std::string_view bytes, std::string_view name);

// uint8 [H,W], [H,W,1] or [H,W,3] (RGB) -> PNG bytes with text chunks (key -> value; ASCII, or UTF-8 as iTXt).
std::string encode_png(const torch::Tensor& image, const std::map<std::string, std::string>& text = {});

// [N,H,W,C] uint8 -> one picture of `columns` columns (0: as square as can be), `gap` pixels of mid-grey between,
// every pixel enlarged `zoom` times (nearest neighbour).
torch::Tensor image_grid(const torch::Tensor& images, int64_t columns = 0, int64_t gap = 2, int64_t zoom = 1);

// encode_png + atomic write.
void write_png(const std::filesystem::path& path, const torch::Tensor& image,
               const std::map<std::string, std::string>& text = {});

}  // namespace farfield
