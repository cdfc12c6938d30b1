#include "core/io/image.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/io/file.h"

namespace farfield {
namespace {

constexpr int64_t kMidGrey = 128;

}  // namespace

torch::Tensor to_bytes(const torch::Tensor& images) {
  check(images.dim() == 4 && images.is_floating_point(), "images to store are floating [N,C,H,W]");
  const bool half = images.scalar_type() != torch::kFloat64 && images.scalar_type() != torch::kFloat32;
  const auto state = half ? images.to(torch::kFloat32) : images;
  if (state.isnan().any().item<bool>()) throw numeric_error("images hold NaN and cannot be stored as bytes");
  return (state * 127.5 + 128).clamp(0, 255).to(torch::kUInt8).permute({0, 2, 3, 1}).contiguous().cpu();
}

torch::Tensor from_bytes(const torch::Tensor& bytes) {
  check(bytes.dim() == 4 && bytes.scalar_type() == torch::kUInt8, "stored images are uint8 [N,H,W,C]");
  return bytes.permute({0, 3, 1, 2}).to(torch::kFloat32).contiguous() / 127.5 - 1;
}

torch::Tensor drawable(const torch::Tensor& images) {
  constexpr int64_t kMostChannels = 8;
  check(images.dim() == 4, "images to draw are [N,C,H,W]");
  const int64_t channels = images.size(1);
  if (channels == 1 || channels == 3) return images;
  const auto shown = images.narrow(1, 0, std::min(channels, kMostChannels));
  return shown.transpose(1, 2).flatten(2).unsqueeze(1);
}

torch::Tensor image_grid(const torch::Tensor& images, int64_t columns, int64_t gap, int64_t zoom) {
  check(images.dim() == 4 && images.size(0) > 0 && images.scalar_type() == torch::kUInt8 && columns >= 0 && gap >= 0 &&
            zoom >= 1,
        "a grid is made of uint8 [N,H,W,C], N > 0");
  const int64_t count = images.size(0);
  if (columns == 0) columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  columns = std::min(columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  const auto enlarged = images.cpu().repeat_interleave(zoom, 1).repeat_interleave(zoom, 2);
  const int64_t height = enlarged.size(1), width = enlarged.size(2);
  auto grid = torch::full({rows * (height + gap) - gap, columns * (width + gap) - gap, images.size(3)}, kMidGrey,
                          torch::kUInt8);
  for (int64_t i = 0; i < count; ++i) {
    grid.narrow(0, i / columns * (height + gap), height)
        .narrow(1, i % columns * (width + gap), width)
        .copy_(enlarged[i]);
  }
  return grid;
}

void write_png(const std::filesystem::path& path, const torch::Tensor& image,
               const std::map<std::string, std::string>& text) {
  write_file_atomically(path, encode_png(image, text));
}

}  // namespace farfield
